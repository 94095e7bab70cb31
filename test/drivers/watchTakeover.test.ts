import { setTimeout as pause } from 'node:timers/promises';
import { ProxiesEntry } from '../../src/contract/endpoints';
import { Refusal } from '../../src/contract/errors';
import type { Observation, Sight } from '../../src/contract/sights';
import type { Host } from '../../src/drivers/host';
import { Acquaintance } from '../../src/drivers/watch/acquaintance';
import { DeedBook } from '../../src/drivers/watch/deedBook';
import { Homecomings } from '../../src/drivers/watch/homecoming';
import { Takeovers } from '../../src/drivers/watch/takeover';
import { Scene } from '../contract/agents';

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.close());

const pair = 'front';
const console = 'postgresql://ops@127.0.0.1:6432/pgbouncer';
const node = (host: string, at: number) => ({
  ...{ host, own: `10.0.0.${at}`, address: `10.0.0.${at + 100}`, port: 6432, device: 'eth0', console },
  ...{ start: ['/usr/sbin/pgbouncer', '/etc/pgbouncer/pgbouncer.ini'] },
});
const entry = ProxiesEntry.parse({ nodes: { n1: node('a', 1), n2: node('b', 2) }, by: 'address', autonomy: 'act' });
const sight = (says: Sight['says']): Sight => ({ says, misses: says === 'answers' ? 0 : 2, sinceMs: Date.now() });

/** What the kernel of a host says of one address, with the rules of the `traffic` driver and the time that each step takes. */
class Kernel {
  epoch = 4;
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    readonly host: string,
    public held: boolean,
    private readonly step: () => Promise<void>,
    /** So often it does not come to have the address. */
    private broken = 0,
  ) {}

  readonly view = () => ({ node: 'n2', held: this.held, epoch: this.epoch });

  take(from: number, epoch: number) {
    return this.inTurn(async () => {
      if (epoch > from && this.epoch === from) this.epoch = epoch;
      else this.refuseOlder(epoch);
      if (epoch > this.epoch)
        throw new Refusal('EpochMoved', { endpoint: pair, host: this.host, known: this.epoch, from });
      await this.step();
      if (this.broken-- > 0) throw new Refusal('NoPart', { host: this.host, part: 'device', name: 'eth0' });
      this.held = true;
    });
  }

  release(epoch: number) {
    return this.inTurn(async () => {
      this.refuseOlder(epoch);
      this.epoch = epoch;
      await this.step();
      this.held = false;
    });
  }

  private refuseOlder(epoch: number) {
    if (epoch < this.epoch)
      throw new Refusal('StaleEpoch', { target: pair, host: this.host, known: this.epoch, given: epoch });
  }

  private inTurn(work: () => Promise<void>) {
    const mine = this.turn.then(work).then(this.view);
    this.turn = mine.catch(() => undefined);
    return mine;
  }
}

/** Both agents of a pair whose second proxy has died, until they have done what they do. A busy host answers the other one late. */
async function dies({
  broken = 0,
  astray = false,
  stutters = false,
  remember = false,
  lateMs = 25,
  lookMs = 1_200,
} = {}) {
  const step = () => pause(Math.random() * 25);
  const kernels = new Map([
    ['a', new Kernel('a', false, step, broken)],
    ['b', new Kernel('b', !astray, step)],
  ]);
  const books = new Map<string, DeedBook>();
  const agents = [...kernels.keys()].map((name) => {
    const book = new DeedBook(scene.directory());
    books.set(name, book);
    const traffic = (at: string) => ({
      holders: async () => {
        await (at === name ? step() : pause(Math.random() * lateMs));
        return { holders: [kernels.get(at)!.view(), { node: 'n1', held: at === 'a', epoch: 1 }] };
      },
      take: async ({ from, lease }: { from: number; lease: { epoch: number } }) => {
        await step();
        return kernels.get(at)!.take(from, lease.epoch);
      },
      release: async ({ lease }: { lease: { epoch: number } }) => {
        await step();
        return kernels.get(at)!.release(lease.epoch);
      },
    });
    const watch = (at: string) => ({
      look: async () => ({ sights: { n2: sight('refused') } }),
      deeds: async () => ({ deeds: await books.get(at)!.past(pair, 0, 0) }),
    });
    const host: Partial<Host> = {
      ...{ name, proxies: { [pair]: entry }, log: () => {} },
      peer: ((at: string, capability: string) => (capability === 'traffic' ? traffic(at) : watch(at))) as Host['peer'],
    };
    const acquaintance = new Acquaintance(host as Host);
    // Also the agents that have nothing to remember.
    if (remember || Math.random() < 0.5) acquaintance.start();
    scene.onEnd(() => acquaintance.stop());
    return {
      takeovers: new Takeovers(host as Host, book, acquaintance),
      homecomings: new Homecomings(host as Host, book, acquaintance),
    };
  });
  await pause(60);
  const [n1, n2] = [sight('answers'), sight('refused')];
  const sights = { n1, n2 };
  const observation: Observation = { observer: 'it', revision: 1, atMs: Date.now(), starvedMs: 0, sights };
  await Promise.all(
    agents.map(async ({ takeovers, homecomings }) => {
      await pause(Math.random() * 80);
      for (const endMs = performance.now() + lookMs; performance.now() < endMs; await pause(20)) {
        const now = stutters && Math.random() < 0.3 ? { ...observation, sights: { n1, n2: n1 } } : observation;
        takeovers.consider(pair, entry, now);
        homecomings.consider(pair, entry, now);
      }
      await takeovers.stop();
    }),
  );
  const deeds = (await Promise.all([...books.values()].map((book) => book.past(pair, 0, 0)))).flat();
  return { held: [...kernels].filter(([, { held }]) => held).map(([name]) => name), deeds };
}

test('whichever agent comes first, the address ends where a proxy answers, and is not given back to the dead one', async () => {
  const ends = await Promise.all(Array.from({ length: 150 }, () => dies({ lateMs: 160 })));
  expect(ends.filter(({ held }) => held.join() !== 'a')).toEqual([]);
});

test('a way back that came after a take that succeeded in the end is given up again', async () => {
  const ends = await Promise.all(
    Array.from({ length: 100 }, () => dies({ broken: 1, remember: true, lateMs: 160, lookMs: 6_000 })),
  );
  expect(ends.filter(({ held }) => held.join() !== 'a')).toEqual([]);
});

test('a proxy that stutters is not taken away anew each time where that failed', async () => {
  const { deeds } = await dies({ broken: Infinity, stutters: true, lookMs: 4_000 });
  expect(deeds.filter(({ outcome }) => outcome === 'failed').length).toBeLessThanOrEqual(10);
});

test('a host that cannot take the address leaves it where it was, and nobody tries on and on', async () => {
  const { held, deeds } = await dies({ broken: Infinity, lookMs: 2_500 });
  expect(held).toEqual(['b']);
  const failed = deeds.filter(({ outcome }) => outcome === 'failed');
  expect(failed.length).toBeGreaterThan(0);
  expect(failed.length).toBeLessThanOrEqual(4); // each agent, and each reason once
});

test('a move that failed is no move: it is tried again, and does not cool down', async () => {
  const { held, deeds } = await dies({ broken: 2, lookMs: 4_000 });
  expect(held).toEqual(['a']);
  expect(deeds.map(({ outcome }) => outcome)).toEqual(expect.arrayContaining(['failed', 'done']));
});

test('an address that nobody has any more, since who moved it died over it, goes where a proxy answers', async () => {
  const { held, deeds } = await dies({ astray: true, lookMs: 17_000 });
  expect(held).toEqual(['a']);
  expect(deeds.some(({ outcome }) => outcome === 'done')).toBe(true);
});
