import * as fc from 'fast-check';
import type { MemberView } from '../../src/contract/capabilities/role';
import type { Sight } from '../../src/contract/sights';
import type { EndpointFacts } from '../../src/planning/failover/facts';
import { facts, good, seen, sight, standby, terms, wish } from './endpointFacts';
import { chooseCandidates } from '../../src/planning/failover/candidates';
import { bytesBetween, positionOf } from '../../src/planning/failover/lsn';
import { failoverSentences, judgeObservations, planFailover } from '../../src/planning/failover/plan';
import { unsafe } from '../../src/planning/failover/secured';
import { planSwitchOver } from '../../src/planning/failover/switchOver';
import { majorityOf } from '../../src/planning/failover/verdict';

describe('a verdict', () => {
  const judged = (...sights: Sight[]) =>
    judgeObservations(
      terms,
      'p1',
      sights.map((one, index) => seen(terms.observers[index]!.host, one)),
    );

  test.each<[string, ...Sight[]]>([
    ['crashed', sight('refused', { misses: 1 }), sight('refused', { misses: 1 }), sight('unreachable')],
    ['hung', sight('silent'), sight('silent'), sight('silent')],
    ['host lost', sight('unreachable'), sight('unreachable'), sight('unreachable')],
    ['partitioned', sight('answers'), sight('unreachable'), sight('silent')],
  ])('of a majority: %s', (verdict, ...sights) => {
    expect(judged(...sights)).toMatchObject({ verdict, majority: true });
  });

  test.each<[string, ...Sight[]]>([
    ['healthy', sight('answers'), sight('answers'), sight('answers')],
    ['unclear', sight('answers'), sight('answers'), sight('silent')],
    ['partitioned', sight('answers'), sight('answers'), sight('unreachable')],
    ['overloaded', sight('late', { misses: 0 }), sight('late', { misses: 0 }), sight('answers')],
    ['failing', sight('failing', { misses: 0 }), sight('failing', { misses: 0 }), sight('answers')],
  ])('of none: %s', (verdict, ...sights) => {
    expect(judged(...sights)).toMatchObject({ verdict, majority: false });
  });

  test('starved and silent observers abstain, and shrink nothing', () => {
    const starved = judgeObservations(terms, 'p1', [
      seen('fa', sight('silent'), 500),
      seen('fb', sight('silent'), 500),
      seen('et', sight('silent')),
    ]);
    expect(starved).toMatchObject({ verdict: 'blind', majority: false, down: 1, total: 3 });
    expect(judgeObservations(terms, 'p1', [seen('et', sight('silent'))])).toMatchObject({ majority: false });
  });

  test('two observers of one zone are one vantage point', () => {
    const zones = { ...terms, observers: terms.observers.map((one, n) => ({ ...one, zone: n < 2 ? 'a' : 'c' })) };
    const votes = ['fa', 'fb'].map((observer) => seen(observer, sight('silent')));
    expect(judgeObservations(zones, 'p1', [...votes, seen('et', sight('answers'))])).toMatchObject({ majority: false });
  });

  test('never without a majority of all who should watch', () => {
    const says = fc.constantFrom<Sight['says']>('answers', 'late', 'silent', 'refused', 'unreachable', 'failing');
    const one = fc.record({ says, misses: fc.nat(3), starvedMs: fc.nat(300), there: fc.boolean() });
    fc.assert(
      fc.property(fc.array(one, { minLength: 3, maxLength: 7 }), (all) => {
        const observers = all.map((_, n) => ({ host: `o${n}`, zone: `z${n}` }));
        const said = all.flatMap(({ says: how, misses, starvedMs, there }, n) =>
          there ? [seen(`o${n}`, sight(how, { misses }), starvedMs)] : [],
        );
        const { majority, down, votes } = judgeObservations({ ...terms, observers }, 'p1', said);
        expect(down).toBe(votes.filter(({ vote }) => vote === 'down').length);
        expect(majority).toBe(down >= majorityOf(all.length));
      }),
    );
  });
});

describe('a failover', () => {
  test('promotes the member with the most WAL, and says why', () => {
    const plan = planFailover(facts(), wish);
    expect(plan).toMatchObject({ primary: 'p1', lossless: true, lagBytes: 0, asks: [] });
    expect(plan.candidates.map(({ member }) => member)).toEqual(['p2', 'p3']);
    expect(failoverSentences(plan)).toMatchInlineSnapshot(`
     [
       "p1 is hung: 3 of 3 observers miss it",
       "fa (zone a): down, silent since 2 requests",
       "fb (zone b): down, silent since 2 requests",
       "et (zone c): down, silent since 2 requests",
       "2 of 3 are needed",
       "p2 on p2 becomes the primary of orders-db: it received the most, up to 0/5000, and commits waited for it",
       "if that fails, p3 (received up to 0/4000)",
       "nothing that was acknowledged is lost: every commit waited for a standby, and the furthest of them is known",
       "fa and fb forward to it, under one new epoch",
       "p1 is fenced first, and rejoins by \`evenkeel run rejoin-standby\`",
     ]
    `);
  });

  test('asks when more may be lost than the fleet file allows, or nobody knows how much', () => {
    const lags = facts({ members: { p1: { silent: 'gone' }, p3: standby('p3', '0/4000') } });
    expect(planFailover(lags, wish).asks).toEqual(['p3 lacks 4 KiB of WAL, and 0 B may be lost unasked']);
    expect(planFailover({ ...lags, terms: { ...terms, mostLag: 5_000 } }, wish).asks).toEqual([]);
    const blind = facts({
      observations: ['fa', 'fb', 'et'].map((one) => seen(one, sight('silent', { good: undefined }))),
    });
    expect(planFailover(blind, wish).asks).toEqual(['nobody knows how much of what was committed p2 lacks']);
  });

  test('is refused in maintenance, without a majority, and without a candidate', () => {
    const alive = facts({ observations: ['fa', 'fb', 'et'].map((one) => seen(one, sight('answers'))) });
    const refusal = (of: EndpointFacts) => () => planFailover(of, wish);
    expect(refusal({ ...facts(), terms: { ...terms, maintenance: 'new disks' } })).toThrow('in maintenance: new disks');
    expect(refusal(alive)).toThrow('p1 answers 3 of 3 observers');
    expect(refusal(facts({ observations: [seen('fa', sight('silent'))] }))).toThrow('1 of 3 observers');
    expect(refusal(facts({ members: { p1: { silent: 'gone' }, p2: { silent: 'gone too' } } }))).toThrow('gone too');
    expect(planFailover(alive, { ...wish, force: true }).asks).toEqual(['only 0 of 3 observers miss the primary']);
  });

  test('is refused while another member says that it is the primary, unless the others have left that one behind', () => {
    const old: MemberView = { ...standby('p2', '0/5000'), state: 'primary' };
    const beside = (timeline: number) => ({
      ...{ p1: { silent: 'gone' }, p2: old },
      p3: { ...standby('p3', '0/5000'), timeline },
    });
    expect(() => planFailover(facts({ members: beside(1) }), wish)).toThrow('p1 by the routes, p2 by itself');
    expect(planFailover(facts({ members: beside(2) }), wish).candidates).toMatchObject([{ member: 'p3' }]);
  });

  test('a stranger is not promoted', () => {
    const members = { p1: { silent: '' }, p2: standby('p2', '0/1'), p3: { ...standby('p3', '0/2'), systemId: '8' } };
    const { candidates, excluded } = chooseCandidates(
      facts({ members: { ...members, p4: standby('p4', '0/1') } }),
      'p1',
    );
    expect(candidates.map(({ member }) => member)).toEqual(['p2']);
    expect(excluded).toContainEqual({ member: 'p3', why: 'it belongs to another cluster' });
  });

  test('of several standbys that commits waited for, enough must be known to have every commit', () => {
    const lossless = (waitsFor: string[], need: number, there: string[]) => {
      const known = { atMs: 1, lsn: '0/9', waitsFor, need };
      const members = Object.fromEntries(there.map((member) => [member, standby(member, '0/8')]));
      return chooseCandidates(facts({ members, observations: [seen('et', sight('silent', { good: known }))] }), 'p1')
        .lossless;
    };
    expect(lossless(['p2'], 1, ['p2', 'p3'])).toBe(true);
    expect(lossless(['p2'], 1, ['p3'])).toBe(false);
    expect(lossless(['p2', 'p3'], 1, ['p2', 'p3'])).toBe(true);
    expect(lossless(['p2', 'p3'], 1, ['p2'])).toBe(false);
    expect(lossless(['p2', 'p3'], 2, ['p2'])).toBe(true);
    expect(lossless([], 0, ['p2'])).toBe(false);
    expect(lossless(['p1', 'p2'], 1, ['p2'])).toBe(true); // p1 never waits for itself
  });

  test('where whoever streams can confirm a commit, the old primary is never sealed', () => {
    const sealed = (more: Partial<typeof good> & { anyone?: boolean }) => {
      const observations = [seen('et', sight('silent', { good: { ...good, ...more } }))];
      const { lossless, sealed: is } = chooseCandidates(facts({ observations }), 'p1');
      return { lossless, sealed: is };
    };
    expect(sealed({})).toEqual({ lossless: true, sealed: true });
    expect(sealed({ anyone: true })).toEqual({ lossless: true, sealed: false });
    expect(sealed({ waitsFor: ['p2', 'away'] })).toEqual({ lossless: false, sealed: false });
  });

  test('whom commits waited for is not known any more when the primary was only failing for long before it fell silent', () => {
    const longAgo = sight('silent', { sinceMs: 60_000, good });
    const stale = facts({ observations: ['fa', 'fb', 'et'].map((one) => seen(one, longAgo)) });
    expect(chooseCandidates(stale, 'p1').lossless).toBe(false);
  });

  test('goes on without a fence only where nothing can be acknowledged', () => {
    const all = fc.record({
      policy: fc.constantFrom<'host' | 'sync'>('host', 'sync'),
      fenced: fc.boolean(),
      sealed: fc.boolean(),
      why: fc.constant('it is silent'),
    });
    fc.assert(
      fc.property(all, (fencing) => {
        const may = fencing.fenced || (fencing.policy === 'sync' && fencing.sealed);
        expect(unsafe(fencing) === undefined).toBe(may);
      }),
    );
  });
});

test('a switch-over wants a primary that is well and a standby that streams from it', () => {
  const p1: MemberView = {
    ...{ member: 'p1', state: 'primary', cautions: [] },
    standbys: [
      { member: 'p2', sync: 'sync', streaming: true, lagBytes: 10 },
      { member: 'p3', sync: 'async', streaming: true, lagBytes: 0 },
    ],
  };
  const well = facts({ members: { ...facts().members, p1 } });
  expect(planSwitchOver(well, '')).toMatchObject({ primary: 'p1', to: 'p2', reset: ['fa'] });
  expect(planSwitchOver(well, 'p3')).toMatchObject({ to: 'p3' });
  expect(() => planSwitchOver(facts(), '')).toThrow('use fail-over-endpoint');
});

test('every standby is to follow the new primary, also one that may not become it', () => {
  const members = { ...terms.members, p3: { ...terms.members['p3']!, candidate: false } };
  const plan = planFailover(facts({ terms: { ...terms, members } }), wish);
  expect(plan.candidates.map(({ member }) => member)).toEqual(['p2']);
  expect(plan.others).toEqual([{ member: 'p3', host: 'p3' }]);
});

test('positions of the WAL are exact', () => {
  expect(positionOf('16/B374D848')).toBe(0x16b374d848n);
  expect(bytesBetween('0/FFFFFFFF', '1/0')).toBe(1);
});
