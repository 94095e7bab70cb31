import * as fc from 'fast-check';
import type { Sight } from '../../src/contract/sights';
import { isCutOff, isGone, mustYield, planTakeover, type TakeoverFacts } from '../../src/planning/failover/takeover';

const sight = (says: Sight['says'], more: Partial<Sight> = {}): Sight => ({
  ...{ says, misses: ['answers', 'late', 'failing'].includes(says) ? 0 : 2, sinceMs: 0 },
  ...more,
});

/** The proxy of a was killed, its host lives; this is the agent of b. */
const killed: TakeoverFacts = {
  ...{
    node: 'a',
    own: false,
    returns: false,
    probe: { misses: 2, deadline: 100 },
    autonomy: 'act',
    maintenance: false,
  },
  ...{ coolDownMs: 600_000, by: 'address', silent: sight('refused'), other: sight('answers'), starvedMs: 0 },
  ...{ source: { held: true, epoch: 4 }, goal: { held: false, epoch: 4 }, sinceMs: undefined },
  link: { carrier: true, witness: undefined },
};
const plan = (more: Partial<TakeoverFacts> = {}) => planTakeover({ ...killed, ...more });
const gone = { silent: sight('unreachable'), source: undefined };

test('an agent leaves alone what was never brought up', () => {
  const at = { source: { held: true, epoch: 0 }, goal: { held: false, epoch: 0 } };
  const never = { ...sight('refused'), never: true as const };
  expect(plan({ by: 'nftables', ...at, silent: never, onDisk: 0 })).toMatchObject({ does: 'nothing' });
  expect(plan({ by: 'nftables', ...at, silent: never, onDisk: 3 })).toMatchObject({ does: 'move' });
  expect(plan({ by: 'nftables', ...at })).toMatchObject({ does: 'move' });
  expect(plan({ by: 'nftables', silent: never })).toMatchObject({ does: 'move' });
  const untold = { source: undefined, goal: { held: false, epoch: 0 } };
  expect(plan({ ...untold, silent: never })).toMatchObject({ does: 'nothing' });
  expect(plan({ ...untold })).toMatchObject({ does: 'move' });
  expect(plan({ ...untold, goal: { held: false, epoch: 1 }, silent: never })).toMatchObject({ does: 'move' });
});

test('the address goes to the other node, under an epoch that is newer than what either knows', () => {
  expect(plan()).toEqual({
    ...{ does: 'move', epoch: 5, from: 4 },
    why: 'its proxy is refused and the other one answers',
  });
  expect(plan({ goal: { held: false, epoch: 7 } })).toMatchObject({ epoch: 8, from: 7 });
});

test.each<[string, Partial<TakeoverFacts>, string]>([
  ['the other proxy is silent too', { other: sight('silent') }, 'there is nowhere to go: the other proxy is silent'],
  ['in maintenance', { maintenance: 'new kernel' }, 'the pair is in maintenance: new kernel'],
  ['people decide', { autonomy: 'ask' }, 'it waits for an approval'],
  ['agents only look', { autonomy: 'observe' }, 'its agents only say what they see'],
  ['it moved just now', { sinceMs: 5_000 }, 'it moved less than 10 min ago, and is cooling down'],
  [
    'the host is silent, and the own link is down',
    { ...gone, link: { carrier: false, witness: undefined } },
    'the link of this node is down: it is cut off itself',
  ],
  [
    'the host is silent, and so is everybody else',
    gone,
    'nothing else on the link answers: this node may be cut off itself',
  ],
  [
    'the host is silent, and only it could redirect',
    { ...gone, by: 'nftables', link: { carrier: true, witness: '10.0.0.1' } },
    'the agent of its host does not answer, and only that host can redirect',
  ],
])('nothing moves when %s', (_, more, why) => {
  expect(plan(more)).toMatchObject({ does: 'refused', why });
});

test('an address that nobody has is left to whoever moves it, for a quarter of a minute', () => {
  const astray = { source: { held: false, epoch: 5 }, goal: { held: false, epoch: 4 } };
  expect(plan({ ...astray, astrayMs: 14_999 })).toMatchObject({ does: 'nothing' });
  expect(plan({ ...astray, astrayMs: 15_000 })).toMatchObject({ does: 'move', epoch: 6, from: 4 });
  expect(plan({ ...astray, astrayMs: 15_000, maintenance: 'new kernel' })).toMatchObject({ does: 'refused' });
  const never = { source: { held: false, epoch: 0 }, goal: { held: false, epoch: 0 } };
  expect(plan({ ...never, astrayMs: 60_000 })).toMatchObject({ does: 'nothing' });
});

test('nothing moves by what a node saw while it was cut off, nor when the other host has answers from its proxy', () => {
  const back = { ...gone, link: { carrier: true, witness: '10.0.0.1' } };
  expect(plan({ ...back, sinceCutOffMs: 300 })).toMatchObject({ does: 'nothing' });
  expect(plan({ ...back, sinceCutOffMs: 1_500 })).toMatchObject({ does: 'nothing' });
  expect(plan({ ...back, sinceCutOffMs: 3_500 })).toMatchObject({ does: 'move' });
  expect(plan({ sinceCutOffMs: 3_500 })).toMatchObject({ does: 'nothing' }); // its host answers, and has not said what it sees
  expect(plan({ sinceCutOffMs: 3_500, there: sight('silent') })).toMatchObject({ does: 'move' });
  expect(plan({ sinceCutOffMs: 40_000 })).toMatchObject({ does: 'move' });
  expect(plan({ own: true, sinceCutOffMs: 300 })).toMatchObject({ does: 'move' });
  expect(plan({ silent: sight('silent'), there: sight('answers') })).toMatchObject({ does: 'nothing' });
  expect(isCutOff({ ...killed, ...gone })).toBe(true);
  expect(isCutOff({ ...killed, ...back })).toBe(false);
});

test('nothing is said before the other proxy was seen, nor while the address is away', () => {
  expect(plan({ other: undefined })).toMatchObject({ does: 'nothing' });
  expect(plan({ goal: { held: true, epoch: 5 } })).toMatchObject({ does: 'nothing' });
  expect(plan({ silent: sight('silent'), starvedMs: 150 })).toMatchObject({ does: 'nothing' });
});

test('a host that has gone is replaced when somebody else on the link answers', () => {
  expect(plan({ ...gone, link: { carrier: true, witness: '10.0.0.1' } })).toMatchObject({
    does: 'move',
    from: 4,
    epoch: 5,
  });
});

test('an agent that sees its own process end needs one miss, and no witness', () => {
  const silent = sight('silent', { misses: 1, process: 'gone' });
  expect(plan({ own: true, silent })).toMatchObject({ does: 'move' });
  expect(isGone(sight('answers', { process: 'gone' }), killed.probe)).toBe(false); // another one has its port by now
});

test('of two hosts that have the address exactly one yields, and never to a dead proxy', () => {
  fc.assert(
    fc.property(anyHolding, anyHolding, fc.boolean(), fc.boolean(), (one, other, oneIsGone, otherIsGone) => {
      const here = mustYield({ mine: one, theirs: other, lent: false, gone: { here: oneIsGone, there: otherIsGone } });
      const there = mustYield({ mine: other, theirs: one, lent: true, gone: { here: otherIsGone, there: oneIsGone } });
      const twice = one?.held === true && other?.held === true;
      expect(here !== there).toBe(twice);
      expect(here && otherIsGone && !oneIsGone).toBe(false);
      expect(there && oneIsGone && !otherIsGone).toBe(false);
    }),
  );
  const of = (epoch: number) => ({ held: true, epoch });
  const both = { here: false, there: false };
  expect(mustYield({ mine: of(4), theirs: of(5), lent: false, gone: both })).toBe(true);
  expect(mustYield({ mine: of(5), theirs: of(5), lent: false, gone: both })).toBe(true);
  expect(mustYield({ mine: of(6), theirs: of(5), lent: false, gone: { here: true, there: false } })).toBe(true);
});

const anySight = fc.record({
  says: fc.constantFrom<Sight['says']>('answers', 'late', 'silent', 'refused', 'unreachable', 'failing'),
  misses: fc.nat(5),
  sinceMs: fc.constant(0),
  process: fc.constantFrom<('runs' | 'gone')[]>('runs', 'gone'),
});
const anyHolding = fc.option(fc.record({ held: fc.boolean(), epoch: fc.nat(9) }), { nil: undefined });
const anyFacts: fc.Arbitrary<TakeoverFacts> = fc.record({
  node: fc.constant('a'),
  own: fc.boolean(),
  returns: fc.boolean(),
  probe: fc.record({ misses: fc.integer({ min: 1, max: 4 }), deadline: fc.constant(100) }),
  autonomy: fc.constantFrom<TakeoverFacts['autonomy'][]>('observe', 'ask', 'act'),
  maintenance: fc.constantFrom<(false | string)[]>(false, 'new kernel'),
  coolDownMs: fc.nat(1_000),
  by: fc.constantFrom<TakeoverFacts['by'][]>('address', 'nftables'),
  silent: fc.option(anySight, { nil: undefined }),
  other: fc.option(anySight, { nil: undefined }),
  starvedMs: fc.nat(300),
  source: anyHolding,
  goal: anyHolding,
  sinceMs: fc.option(fc.nat(2_000), { nil: undefined }),
  link: fc.record({ carrier: fc.boolean(), witness: fc.option(fc.constant('10.0.0.1'), { nil: undefined }) }),
});

test('a move always goes from a proxy that is gone to one that answers, by somebody who may and is not cut off', () => {
  fc.assert(
    fc.property(anyFacts, (facts) => {
      const decided = planTakeover(facts);
      fc.pre(decided.does === 'move');
      const { silent, other, source, goal, own, autonomy, maintenance, sinceMs, coolDownMs, link } = facts;
      expect(isGone(silent, facts.probe)).toBe(true);
      expect({ autonomy, maintenance }).toEqual({ autonomy: 'act', maintenance: false });
      expect(['answers', 'late']).toContain(other!.says);
      expect(sinceMs === undefined || sinceMs >= coolDownMs).toBe(true);
      expect([source?.held ?? true, goal!.held]).toEqual([true, false]);
      expect(decided).toMatchObject({ from: goal!.epoch, epoch: Math.max(source?.epoch ?? 0, goal!.epoch) + 1 });
      const reached = own || source !== undefined || silent!.says === 'refused';
      expect(reached || (link.carrier && link.witness !== undefined)).toBe(true);
    }),
    { maxSkipsPerRun: 5_000 },
  );
});
