import type { MemberView } from '../../src/contract/capabilities/role';
import type { Observation } from '../../src/contract/sights';
import { primaryOf, type EndpointFacts, type EndpointTerms } from '../../src/planning/failover/facts';
import { forwarderSentences, planForwarder } from '../../src/planning/failover/forwarders';
import { guardSentences, planGuard } from '../../src/planning/failover/guard';

const at = (zone: string, address: string) => ({
  ...{ host: address, zone, address, port: 5432, candidate: true, powered: false, pooled: false },
});
const terms: EndpointTerms = {
  ...{ endpoint: 'orders', name: 'orders.test', port: 5000, autonomy: 'act', coolDown: 600_000, maintenance: false },
  ...{ fence: 'sync', mostLag: 0, probe: { every: 100, deadline: 150, misses: 2 }, dns: true },
  members: { p1: at('a', '10.0.0.1'), p2: at('b', '10.0.0.2') },
  forwarders: { fa: at('a', '10.0.0.11'), fb: at('b', '10.0.0.12') },
  observers: ['fa', 'fb', 'et'].map((host) => ({ host })),
};
const member = (state: MemberView['state'], timeline = 1): MemberView => ({
  ...{ member: '', state, systemId: '7', timeline, cautions: [] },
});
const route = (state: 'open' | 'closed' | 'absent', epoch: number, address?: string) => ({
  ...{ endpoint: 'orders', rejected: [] as string[], state, epoch },
  ...(address !== undefined && { to: { address, port: 5432 } }),
});
const to = (name: 'p1' | 'p2', epoch: number) => route('open', epoch, terms.members[name]!.address);
const closed = (epoch: number, ...rejected: string[]) => ({ ...route('closed', epoch), rejected });
const silent = { silent: 'cut off' };
const observations = ['fa', 'fb', 'et'].map((observer): Observation => ({
  ...{ observer, revision: 1, atMs: 2_000, starvedMs: 0 },
  sights: Object.fromEntries(
    ['p1', 'p2'].map((name) => [name, { says: 'answers' as const, misses: 0, sinceMs: 1_000 }]),
  ),
}));
const rails = { maxConcurrency: 16, maxErrors: 1_000, minHealthy: 0.51, paused: [], freeze: false as const };
const factsOf = (
  [fa, fb]: EndpointFacts['routes'][string][],
  [p1, p2]: EndpointFacts['members'][string][] = [member('primary'), member('standby')],
  more: Partial<EndpointFacts> = {},
): EndpointFacts => ({
  ...{ terms, nowMs: 2_000, heard: [], observations },
  ...{ routes: { fa: fa!, fb: fb! }, members: { p1: p1!, p2: p2! } },
  ...more,
});
const guarded = (...given: Parameters<typeof factsOf>) => planGuard(factsOf(...given), rails);
const astray = (...given: Parameters<typeof factsOf>) =>
  guarded(...given).astray.map(({ forwarder, does }) => `${forwarder} ${does}`);

describe('a guard sends to the primary', () => {
  test('what forwards nothing yet', () => {
    expect(astray([to('p1', 7), route('absent', 0)])).toEqual(['fb forwards nothing yet']);
  });

  test('what still forwards to a former primary, also where that runs on', () => {
    const stale = guarded([to('p1', 7), to('p2', 8)], [silent, member('primary', 2)]);
    expect(stale).toMatchObject({ primary: 'p2', astray: [{ forwarder: 'fa' }] });
    expect(guardSentences(stale)).toContain('caution: fa still forwards to p1 under epoch 7');
    expect(guardSentences(stale)).toContain('fa is to forward to p2');
    const runsOn = guarded([to('p1', 7), to('p2', 8)], [member('primary'), member('primary', 2)]);
    expect(runsOn.astray).toEqual(stale.astray);
    expect(runsOn.cautions).toContain(
      'p1 still runs as a primary, on a timeline that the others have left: `evenkeel run rejoin-standby --endpoint orders --member p1`',
    );
    expect(astray([to('p1', 7), to('p1', 8)])).toEqual([]);
  });

  test('what serves no client, since it is not in the name', () => {
    const named = ['10.0.0.12'];
    expect(astray([to('p1', 7), to('p1', 7)], undefined, { named })).toEqual(['fa is not in orders.test']);
    expect(astray([closed(7), to('p1', 7)], undefined, { named })).toEqual([]);
  });

  test('what was closed and left so, where clients are still sent to it', () => {
    const named = ['10.0.0.11', '10.0.0.12'];
    expect(astray([closed(7), to('p1', 7)], undefined, { named })).toEqual(['fa was closed under epoch 7 and left so']);
  });

  test('what a run closed for whom it promoted or left as it was, and not for whom somebody promoted past it', () => {
    const shut = [closed(7, '10.0.0.1'), closed(7, '10.0.0.1')];
    const by = (...given: Parameters<typeof member>) => [member(...given), member('standby')];
    const ruled = { terms: { ...terms, rules: 2 as const } };
    const left = ['fa was closed under epoch 7 and left so', 'fb was closed under epoch 7 and left so'];
    expect(astray(shut, by('primary'), ruled)).toEqual(left);
    const past = [silent, member('primary', 2)];
    expect(astray(shut, [silent, { ...member('primary', 2), promoted: 7 }], ruled)).toEqual(left);
    expect(astray(shut, past, ruled)).toEqual([]);
    expect(astray(shut, past)).toEqual(left); // as a guard of an earlier build is replayed
  });

  test('nothing that somebody has closed', () => {
    const shut = guarded([closed(6), to('p1', 7)]);
    expect(shut.astray).toEqual([]);
    expect(shut.cautions).toContain(
      'fa is closed under epoch 6: `evenkeel run replace-forwarder --endpoint orders --by fa` lets it serve',
    );
  });
});

describe('a zone that comes back while the one that replaced it is cut off', () => {
  const old = [member('primary'), silent];

  test.each([
    ['was started anew', route('absent', 0), 'fa forwards nothing yet, and is left alone'],
    ['was closed', closed(7), 'fa is closed under epoch 7, and is left alone'],
    ['was closed to the other one once', closed(7, '10.0.0.2'), 'fa is closed under epoch 7, and is left alone'],
    ['still leads to it', to('p1', 7), 'fa is not in orders.test, and is left alone'],
  ])('gets no clients through its forwarder, which %s', (_, fa, caution) => {
    const facts = factsOf([fa, silent], old, { named: ['10.0.0.12'] });
    const plan = planGuard(facts, rails);
    expect(plan).toMatchObject({ primary: 'p1', astray: [] });
    expect(plan.cautions).toContain(`${caution}: p2 is silent, and may have taken over from p1`);
    const wish = { gone: '', by: 'fa' };
    expect(() => planForwarder(facts, { ...wish, onlyAstray: true })).toThrow('fa of orders is left as it is');
    expect(forwarderSentences(planForwarder(facts, wish))).toContain(
      'somebody must say yes: p2 is silent, and may have taken over from p1',
    );
  });

  test('is served where whoever promoted its member closed the forwarder for it', () => {
    const promoted = { ...member('primary', 2), promoted: 7 };
    expect(astray([closed(7), silent], [promoted, silent])).toEqual(['fa was closed under epoch 7 and left so']);
    expect(astray([closed(8), silent], [promoted, silent])).toEqual([]);
  });

  test('does not take the clients of the other one, though its epoch is newer', () => {
    const both = factsOf([to('p1', 9), to('p2', 8)], [member('primary'), member('primary', 2)]);
    expect(primaryOf(both)).toBe('p2');
    expect(planGuard(both, rails).astray).toEqual([{ forwarder: 'fa', does: 'still forwards to p1 under epoch 9' }]);
    expect(planForwarder(both, { gone: '', by: 'fa' })).toMatchObject({ to: { member: 'p2' }, joins: { from: 9 } });
  });
});

test('the one that was promoted is the primary, though every route is closed and the former one came back', () => {
  const facts = factsOf([closed(9, '10.0.0.1'), closed(9, '10.0.0.1')], [member('primary'), member('primary', 2)]);
  expect(planGuard(facts, rails)).toMatchObject({
    ...{ primary: 'p2', beside: ['p1'] },
    astray: [{ forwarder: 'fa' }, { forwarder: 'fb' }],
  });
});

test('a former primary whose agent is silent is known as one by who sees it', () => {
  const seesBoth = observations.map((one) => ({
    ...one,
    sights: Object.fromEntries(
      Object.entries(one.sights).map(([name, sight]) => [name, { ...sight, role: 'primary' as const }]),
    ),
  }));
  const facts = factsOf([to('p2', 8), to('p2', 8)], [silent, member('primary', 2)], { observations: seesBoth });
  expect(planGuard(facts, rails)).toMatchObject({ primary: 'p2', beside: ['p1'] });
});

describe('of two that say they are the primary', () => {
  const rivals = [member('primary'), member('primary', 2)];

  test('nobody is sent to one that no forwarder serves, and nothing is moved', () => {
    const split = guarded([to('p1', 7), route('absent', 0)], rivals);
    expect(split).toMatchObject({ primary: 'p1', astray: [] });
    expect(split.cautions).toContain(
      'p2 says that it is a primary too: no forwarder is sent anywhere unasked before one of them is stopped',
    );
    expect(() => planForwarder(factsOf([to('p1', 7), route('absent', 0)], rivals), { gone: '', by: 'fb' })).toThrow(
      'orders has 2 primaries: p1, p2',
    );
  });

  test.each([
    ['another cluster', { ...member('primary', 2), systemId: '8' }],
    ['the same timeline', member('primary')],
  ])('the newest epoch counts where the other is of %s', (_, p2) => {
    const facts = factsOf([to('p1', 9), to('p2', 8)], [member('primary'), p2]);
    expect(primaryOf(facts)).toBe('p1');
    expect(planGuard(facts, rails).astray).toEqual([]);
  });
});
