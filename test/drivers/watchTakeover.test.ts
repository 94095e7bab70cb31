import { Scene } from '../contract/agents';
import { chanceOf, inVirtualTime } from '../setup/virtualTime';
import { dies, type End, type Troubles } from './takeoverModel';

jest.mock('node:timers/promises', () => ({ setTimeout: jest.requireActual('../setup/virtualTime').pause }));

jest.mock('../../src/drivers/watch/link', () => ({
  lookAtLink: () => Promise.resolve({ carrier: true, witness: undefined }),
}));

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.close());

/** So it went, once for each seed: one that fails goes the same way again. */
async function ends(troubles: Troubles, seeds: number): Promise<(End & { seed: number })[]> {
  const all = [];
  for (let seed = 0; seed < seeds; seed++) {
    const stateDirs = [scene.directory(), scene.directory()] as const;
    all.push({ seed, ...(await inVirtualTime(() => dies(stateDirs, chanceOf(seed), troubles))) });
  }
  return all;
}

test.each<[string, Troubles, { withinMs: number; seeds: number }]>([
  ['whichever agent comes first', {}, { withinMs: 300, seeds: 200 }],
  ['which hangs', { hangs: true }, { withinMs: 500, seeds: 300 }],
  ['when answers are late', { lateMs: 160 }, { withinMs: 1_000, seeds: 200 }],
  ['when most answers are too late', { lateMs: 600, lookMs: 4_000 }, { withinMs: 3_000, seeds: 100 }],
  ['at the second try', { lateMs: 160, broken: 1, lookMs: 8_000 }, { withinMs: 5_000, seeds: 200 }],
  ['at the fourth try', { lateMs: 160, broken: 3, lookMs: 20_000 }, { withinMs: 15_000, seeds: 50 }],
  ['though an agent is killed over it', { crash: true, lookMs: 20_000 }, { withinMs: 19_000, seeds: 200 }],
  [
    'though one is killed and the other one fails',
    { crash: true, broken: 2, lateMs: 160, lookMs: 20_000 },
    { withinMs: 19_000, seeds: 100 },
  ],
  ['though the epochs of the kernels are lost', { flushed: true, lookMs: 8_000 }, { withinMs: 3_000, seeds: 100 }],
  ['where its own host redirects', { by: 'nftables', lateMs: 160, lookMs: 8_000 }, { withinMs: 5_000, seeds: 100 }],
  [
    'where that redirects, though an agent is killed over it',
    { by: 'nftables', crash: true, lookMs: 20_000 },
    { withinMs: 19_000, seeds: 100 },
  ],
  [
    'where that redirects, though the epochs are lost',
    { by: 'nftables', flushed: true, lookMs: 8_000 },
    { withinMs: 3_000, seeds: 50 },
  ],
  ['though whoever moved it died over it', { astray: true, lookMs: 20_000 }, { withinMs: 17_000, seeds: 50 }],
])(
  'the address of a dead proxy comes to the living one, %s',
  async (_, troubles, { withinMs, seeds }) => {
    const all = await ends(troubles, seeds);
    const mayGoBack = troubles.broken !== undefined || troubles.crash === true;
    const wentBack = ({ deeds }: End) => deeds.some(({ acts }) => acts.some(({ what }) => what.includes('back')));
    const isAmiss = (end: End) => end.held !== 'a' || end.settledMs > withinMs || (wentBack(end) && !mayGoBack);
    expect(all.filter(isAmiss)).toEqual([]);
  },
  120_000,
);

test('a host that cannot take it leaves it where it was, and nobody tries on and on', async () => {
  for (const { held, deeds } of await ends({ broken: Infinity, lookMs: 10_000 }, 20)) {
    expect(held).toBe('b');
    const failed = deeds.filter(({ outcome }) => outcome === 'failed');
    expect(failed.length).toBeGreaterThan(0);
    expect(failed.length).toBeLessThanOrEqual(6); // each agent, and each reason once
  }
});

test('a proxy that stutters is not taken away anew each time where that failed', async () => {
  for (const { deeds } of await ends({ broken: Infinity, stutters: true, lookMs: 10_000 }, 20))
    expect(deeds.filter(({ outcome }) => outcome === 'failed').length).toBeLessThanOrEqual(14);
});

test('a move that failed is no move: it is tried again, and does not cool down', async () => {
  const [end] = await ends({ broken: 2, lookMs: 5_000 }, 1);
  expect(end!.held).toBe('a');
  expect(end!.deeds.map(({ outcome }) => outcome)).toEqual(expect.arrayContaining(['failed', 'done']));
});
