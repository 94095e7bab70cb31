import type { Sight } from '../../src/contract/sights';
import { concernOf, planPairGuard } from '../../src/planning/failover/pairGuard';
import { planProxy, proxySentences, type PairFacts } from '../../src/planning/failover/proxies';

const sight = (says: Sight['says']): Sight => ({ says, misses: says === 'answers' ? 0 : 2, sinceMs: 0 });
const node = (host: string, more: object = {}) => ({
  host,
  address: `10.0.1.${host}`,
  port: 6432,
  startable: true,
  ...more,
});

/** As both hosts say it: who has the addresses of a and b; and what is seen of their proxies. */
function facts(
  at: { a: string; b: string },
  says: [Sight['says'], Sight['says']],
  more: Partial<PairFacts> = {},
): PairFacts {
  const holders = Object.fromEntries(
    ['a', 'b'].map((host) => [
      host,
      { holders: (['a', 'b'] as const).map((of) => ({ node: of, held: at[of] === host, epoch: 3 })) },
    ]),
  );
  return {
    terms: {
      ...{ pair: 'pool', rules: 2, misses: 2, autonomy: 'act', coolDown: 60_000, maintenance: false, by: 'address' },
      nodes: { a: node('a'), b: node('b') },
    },
    ...{ nowMs: 100_000, holders, deeds: [] },
    observations: ['a', 'b'].map((observer) => ({
      ...{ observer, revision: 1, atMs: 0, starvedMs: 0 },
      sights: { a: sight(says[0]), b: sight(says[1]) },
    })),
    ...more,
  };
}

const home = { a: 'a', b: 'b' };
const moved = (atMs: number) => ({
  deeds: [
    {
      number: 1,
      atMs,
      target: 'pool',
      failed: 'a',
      epoch: 3,
      acts: [{ afterMs: 5, what: 'b took it' }],
      outcome: 'done' as const,
      why: '',
    },
  ],
});

test('by nftables only its own host can redirect: one that is silent holds no run up', () => {
  const given = facts(home, ['unreachable', 'answers']);
  const silent: PairFacts = {
    ...given,
    terms: { ...given.terms, by: 'nftables' },
    holders: { ...given.holders, a: { silent: 'no answer' } },
  };
  expect(() => planProxy(silent, 'a', true)).toThrow('only a can redirect the clients of a');
  expect(planProxy({ ...silent, terms: given.terms }, 'a').course).toBe('move');
  // A run of an earlier build, which has no rules, is replayed by what it did.
  const { rules: _, ...before } = silent.terms;
  expect(planProxy({ ...silent, terms: before }, 'a').course).toBe('move');
});

test('by nftables a proxy that never was up is started where it is, and one that was is not', () => {
  const given = facts(home, ['refused', 'answers']);
  const holders = (epoch: number): PairFacts['holders'] => ({
    a: { holders: [{ node: 'a', held: true, epoch }] },
    b: { holders: [{ node: 'a', held: false, epoch: 0 }] },
  });
  const observed = (a: Sight) => given.observations.map((one) => ({ ...one, sights: { a, b: sight('answers') } }));
  const terms = { ...given.terms, by: 'nftables' as const };
  const never = { ...sight('refused'), never: true as const };
  const course = (epoch: number, a: Sight) =>
    planProxy({ ...given, terms, holders: holders(0), epochs: { a: epoch, b: 0 }, observations: observed(a) }, 'a')
      .course;
  expect([course(0, never), course(0, sight('refused')), course(1, never)]).toEqual(['home', 'move', 'move']);
});

test('a proxy without its address is started while the other host does not tell, and is not waited for', () => {
  const { holders } = facts({ a: '', b: 'b' }, ['refused', 'answers']);
  const untold = facts({ a: '', b: 'b' }, ['refused', 'answers'], {
    holders: { ...holders, b: { silent: 'no answer' } },
  });
  expect(planProxy(untold, 'a')).toMatchObject({ course: 'stay', astray: true });
  expect(proxySentences(planProxy(untold, 'a'))[1]).toMatch(
    /^nobody can tell who has 10\.0\.1\.a, and nothing moves: /,
  );
});

test('a move that failed counts for the cool-down of a run: the proxy is started where it is', () => {
  const failed = { ...moved(90_000).deeds[0]!, outcome: 'failed' as const };
  const given = facts(home, ['refused', 'answers'], { deeds: [failed] });
  expect(planProxy(given, 'a').course).toBe('stay');
  // Nobody could start it, or its host is lost: then the run tries what the agents could not.
  const { terms, holders } = given;
  const foreign = { ...terms, nodes: { ...terms.nodes, a: node('a', { startable: false }) } };
  expect(planProxy({ ...given, terms: foreign }, 'a').course).toBe('move');
  expect(planProxy({ ...given, holders: { ...holders, a: { silent: 'no answer' } } }, 'a').course).toBe('move');
});

test('what is done for a node follows from who has its address and who answers', () => {
  const courseOf = (...given: Parameters<typeof facts>) => planProxy(facts(...given), 'a').course;
  expect(courseOf(home, ['refused', 'answers'])).toBe('move');
  expect(courseOf({ a: 'b', b: 'b' }, ['refused', 'answers'])).toBe('away');
  expect(courseOf({ a: '', b: 'b' }, ['refused', 'answers'])).toBe('home');
  expect(courseOf(home, ['refused', 'refused'])).toBe('stay');
  expect(courseOf(home, ['refused', 'answers'], moved(50_000))).toBe('stay');
  expect(courseOf(home, ['refused', 'answers'], moved(10_000))).toBe('move');
});

test('it is refused where nothing can be done, and where nothing need be', () => {
  const plan =
    (...given: Parameters<typeof facts>) =>
    () =>
      planProxy(facts(...given), 'a');
  const unstartable = {
    ...facts(home, ['refused', 'refused']).terms,
    nodes: { a: node('a', { startable: false }), b: node('b') },
  };
  expect(plan(home, ['answers', 'answers'])).toThrow('the proxy of a answers 2 of the 2 agents of pool');
  expect(plan(home, ['refused', 'refused'], { terms: unstartable })).toThrow('the proxy of b on b does not answer');
  expect(() => planProxy(facts(home, ['refused', 'answers']), 'c')).toThrow('pool has no node "c" of a or b');
  const cooling = facts(home, ['refused', 'answers'], { ...moved(50_000), terms: unstartable });
  expect(() => planProxy(cooling, 'a')).toThrow('a failed over 50 s ago, and its cool-down is 1 min');
  expect(planProxy(cooling, 'a', true).course).toBe('move');
});

test('a guard is concerned about an address that is not at home, and a proxy that nobody hears', () => {
  const concerns = (...given: Parameters<typeof facts>) => planPairGuard(facts(...given)).nodes.map(concernOf);
  expect(concerns(home, ['answers', 'answers'])).toEqual([undefined, undefined]);
  expect(concerns(home, ['refused', 'answers'])).toEqual(['the proxy of a does not answer', undefined]);
  expect(concerns({ a: '', b: 'a' }, ['answers', 'answers'])).toEqual([
    'nobody has the address of a',
    'the other proxy serves the clients of b',
  ]);
});
