import * as fc from 'fast-check';
import type { ArmedPlan } from '../../src/contract/armed';
import type { MemberView } from '../../src/contract/capabilities/role';
import type { Deed, Observation, Sight } from '../../src/contract/sights';
import { deedToAdopt } from '../../src/planning/failover/adopted';
import { armedText, decideArmed, isSameDraft, planArmed, type ArmedFacts } from '../../src/planning/failover/armed';
import type { EndpointFacts, EndpointTerms } from '../../src/planning/failover/facts';
import { planForwarder } from '../../src/planning/failover/forwarders';
import { planGuard } from '../../src/planning/failover/guard';
import { planFailover } from '../../src/planning/failover/plan';
import type { Rails } from '../../src/planning/rails';

const member = (n: number) => ({
  ...{ host: `p${n}`, address: `10.0.0.${n}`, port: 5432, candidate: true, powered: false },
});
const terms: EndpointTerms = {
  ...{ endpoint: 'orders', name: 'orders.test', port: 5432, autonomy: 'act', coolDown: 600_000, maintenance: false },
  ...{ fence: 'sync', mostLag: 0, probe: { every: 100, deadline: 150, misses: 2 }, dns: false },
  armed: { after: 1_500, expires: 600_000 },
  members: { p1: member(1), p2: member(2), p3: member(3) },
  forwarders: {
    fa: { host: 'fa', address: '10.0.0.11', pooled: false },
    fb: { host: 'fb', address: '10.0.0.12', pooled: false },
  },
  observers: ['fa', 'fb', 'et'].map((host, n) => ({ host, zone: 'abc'[n] })),
};
const rails: Rails = { maxConcurrency: 16, maxErrors: 1_000, minHealthy: 0.51, paused: [], freeze: false };
const goneMs = 1_000_000;
const good = { atMs: goneMs - 100, lsn: '0/5000', waitsFor: ['p2'], need: 1 };
const seen = (observer: string, p1: Sight): Observation => ({
  ...{ observer, revision: 1, atMs: goneMs, starvedMs: 0, sights: { p1 } },
});
const answers: Sight = { says: 'answers', misses: 0, sinceMs: 1, role: 'primary', good };
const silent: Sight = { says: 'silent', misses: 5, sinceMs: goneMs, good };
const all = (sight: Sight) => ['fa', 'fb', 'et'].map((observer) => seen(observer, sight));
const view = (name: string, state: MemberView['state'], lsn: string): MemberView => ({
  ...{ member: name, state, systemId: '7', timeline: 1, lsn, cautions: [] },
});
const route = (to = '10.0.0.1', epoch = 7) => ({
  ...{ endpoint: 'orders', state: 'open' as const, epoch, to: { address: to, port: 5432 }, rejected: [] },
});
const well: EndpointFacts = {
  terms,
  nowMs: goneMs - 50,
  members: {
    p1: view('p1', 'primary', '0/5000'),
    p2: view('p2', 'standby', '0/5000'),
    p3: view('p3', 'standby', '0/4000'),
  },
  routes: { fa: route(), fb: route() },
  observations: all(answers),
  heard: [],
};
const gone: EndpointFacts = {
  ...well,
  nowMs: goneMs + 2_000,
  members: { ...well.members, p1: { silent: 'gone' } },
  observations: all(silent),
};
const plan: ArmedPlan = {
  ...{ endpoint: 'orders', epoch: 9, from: { fa: 7, fb: 7 }, primary: 'p1', candidates: ['p2'] },
  ...{ observers: terms.observers.map((one) => ({ ...one })), afterMs: 1_500, notBeforeMs: 0 },
  ...{ expiresAtMs: goneMs + 60_000, signature: '' },
};
const facts = (more: Partial<ArmedFacts> = {}): ArmedFacts => ({ plan, facts: gone, rails, ...more });
const withTerms = (more: Partial<EndpointTerms>): ArmedFacts =>
  facts({ facts: { ...gone, terms: { ...terms, ...more } } });

describe('a plan is made', () => {
  test('while everything is well, for the standbys that commits wait for', () => {
    expect(planArmed(well, rails, 'p1', 0)).toMatchObject({
      draft: { primary: 'p1', candidates: ['p2'], from: { fa: 7, fb: 7 }, afterMs: 1_500 },
    });
  });

  const { armed: _, ...unarmed } = terms;
  test.each<[string, EndpointFacts, string]>([
    ['where the fleet file does not arm it', { ...well, terms: unarmed }, 'does not arm it'],
    ['where somebody has to be asked', { ...well, terms: { ...terms, autonomy: 'ask' } }, 'autonomy'],
    ['in maintenance', { ...well, terms: { ...terms, maintenance: 'new disks' } }, 'new disks'],
    ['when an observer misses the primary', { ...well, observations: all(silent) }, 'misses'],
    ['when a forwarder is silent', { ...well, routes: { fa: route(), fb: { silent: 'gone' } } }, 'fb does not answer'],
    ['when a forwarder leads elsewhere', { ...well, routes: { fa: route(), fb: route('10.0.0.2') } }, 'fb does not'],
    [
      'when no commit waits for a standby',
      { ...well, observations: all({ ...answers, good: { ...good, waitsFor: [], need: 0 } }) },
      'not every commit',
    ],
    [
      'when the standby that commits wait for does not answer',
      { ...well, members: { ...well.members, p2: { silent: 'gone' } } },
      'not every commit',
    ],
  ])('never %s', (_name, given, why) => {
    expect(planArmed(given, rails, 'p1', 0)).toEqual({ not: expect.stringContaining(why) as string });
  });

  test.each<[string, Partial<Rails>, string]>([
    ['the fleet is frozen', { freeze: 'a new core switch' }, 'the fleet is frozen: a new core switch'],
    ['a member is on a paused host', { paused: ['p2'] }, 'p2 is'],
    ['a forwarder is on a paused host', { paused: ['fb'] }, 'fb is'],
  ])('never while %s: no run would act then, and no agent does', (_name, more, why) => {
    const barred = { not: expect.stringContaining(why) as string };
    expect(planArmed(well, { ...rails, ...more }, 'p1', 0)).toEqual(barred);
    // Also when the primary is missed, for which alone a plan would be left in place.
    expect(planArmed({ ...well, observations: all(silent) }, { ...rails, ...more }, 'p1', 0)).toEqual(barred);
    const guard = planGuard(well, { ...rails, ...more });
    expect(guard.armed).toEqual(barred);
    expect(guard.cautions.join('\n')).toContain(
      `not armed for the time when Temporal is down: ${'not' in guard.armed && guard.armed.not}`,
    );
  });

  test('that is the same is not made anew, whatever the order of its fields', () => {
    const made = planArmed(well, rails, 'p1', 0);
    if (!('draft' in made)) throw new Error(made.not);
    const turned = Object.fromEntries(Object.entries(made.draft).toReversed()) as typeof made.draft;
    expect(isSameDraft(turned, made.draft)).toBe(true);
    expect(isSameDraft({ ...turned, from: { fa: 8, fb: 7 } }, made.draft)).toBe(false);
  });
});

describe('a plan is used', () => {
  test('when a majority misses the primary, and nobody acted', () => {
    expect(decideArmed(facts())).toMatchObject({ does: 'act', candidates: [{ member: 'p2' }] });
  });

  test.each<[string, ArmedFacts, string]>([
    ['after it expired', facts({ plan: { ...plan, expiresAtMs: goneMs + 1_000 } }), 'expired'],
    ['in maintenance', withTerms({ maintenance: 'new disks' }), 'new disks'],
    ['where somebody has to be asked', withTerms({ autonomy: 'ask' }), 'autonomy'],
    ['in a fleet that is frozen', facts({ rails: { ...rails, freeze: 'a new core switch' } }), 'a new core switch'],
    ['for hosts that are paused', facts({ rails: { ...rails, paused: ['fa'] } }), 'fa is'],
    ['after a failover by the agents', facts({ movedAtMs: goneMs - 1_000 }), 'cool-down'],
    ['after a failover by a workflow', facts({ plan: { ...plan, notBeforeMs: goneMs + 9_000 } }), 'cool-down'],
    [
      'when nobody saw the standbys shortly before',
      facts({ facts: { ...gone, observations: all({ ...silent, good: { ...good, atMs: goneMs - 2_001 } }) } }),
      'shortly before',
    ],
    [
      'when commits did not wait',
      facts({ facts: { ...gone, observations: all({ ...silent, good: { ...good, waitsFor: [], need: 0 } }) } }),
      'not every commit',
    ],
    [
      'when the standby is silent too',
      facts({ facts: { ...gone, members: { ...gone.members, p2: { silent: 'gone' } } } }),
      'not every commit',
    ],
    ['for one that is not in it', facts({ plan: { ...plan, candidates: ['p3'] } }), 'p2 has the most'],
  ])('never %s', (_name, given, why) => {
    expect(decideArmed(given)).toEqual({ does: 'refused', why: expect.stringContaining(why) as string });
  });

  test.each<[string, EndpointFacts]>([
    ['without a majority', { ...gone, observations: [seen('fa', silent)] }],
    ['when two of three see the primary', { ...gone, observations: [seen('fa', silent), ...all(answers).slice(1)] }],
    ['when a workflow has changed a route', { ...gone, routes: { fa: route('10.0.0.1', 8), fb: route() } }],
    ['when a route is closed', { ...gone, routes: { fa: { ...route(), state: 'closed' }, fb: route() } }],
  ])('not %s: it waits', (_name, given) => {
    expect(decideArmed(facts({ facts: given }))).toMatchObject({ does: 'wait' });
  });

  test('only if a majority misses the primary, every route is as it was, and the best standby has all', () => {
    const sights = fc.array(fc.constantFrom(silent, answers, undefined), { minLength: 3, maxLength: 3 });
    const some = fc.record({
      sights,
      epochs: fc.tuple(fc.constantFrom(7, 7, 8), fc.constantFrom(7, 7, 9)),
      atMs: fc.integer({ min: goneMs - 4_000, max: goneMs }),
      nowMs: fc.integer({ min: goneMs, max: goneMs + 120_000 }),
      reach: fc.constantFrom('0/5000', '0/4000', '0/3000'),
      freeze: fc.constantFrom<(false | string)[]>(false, false, 'a new core switch'),
      paused: fc.constantFrom([], ['elsewhere'], ['p3']),
    });
    fc.assert(
      fc.property(some, ({ sights: given, epochs, atMs, nowMs, reach, freeze, paused }) => {
        const observations = given.flatMap((sight, n) =>
          sight ? [seen(terms.observers[n]!.host, { ...sight, good: { ...good, atMs } })] : [],
        );
        const decision = decideArmed(
          facts({
            rails: { ...rails, freeze, paused },
            facts: {
              ...gone,
              nowMs,
              observations,
              routes: { fa: route('10.0.0.1', epochs[0]), fb: route('10.0.0.1', epochs[1]) },
              members: { ...gone.members, p2: view('p2', 'standby', reach) },
            },
          }),
        );
        if (decision.does !== 'act') return;
        expect(given.filter((sight) => sight === silent).length).toBeGreaterThanOrEqual(2);
        expect(freeze).toBe(false);
        expect(paused).not.toContain('p3');
        expect(epochs).toEqual([7, 7]);
        expect(nowMs).toBeLessThan(plan.expiresAtMs);
        expect(atMs).toBeGreaterThanOrEqual(goneMs - 2_000);
        for (const candidate of decision.candidates)
          expect(candidate).toMatchObject({ member: 'p2', synchronous: true });
        expect(reach).not.toBe('0/3000'); // p3 has more
      }),
    );
  });
});

test('the text that is signed names everything but who signed it', () => {
  const text = armedText(plan);
  expect(armedText({ ...plan, signature: 'x', certificate: 'y' })).toBe(text);
  const others: ArmedPlan[] = [
    { ...plan, endpoint: 'others' },
    { ...plan, epoch: 10 },
    { ...plan, from: { fa: 7, fb: 8 } },
    { ...plan, primary: 'p3' },
    { ...plan, candidates: ['p3'] },
    { ...plan, observers: plan.observers.slice(1) },
    { ...plan, afterMs: 0 },
    { ...plan, notBeforeMs: 1 },
    { ...plan, expiresAtMs: plan.expiresAtMs + 1 },
  ];
  for (const other of others) expect(armedText(other)).not.toBe(text);
});

describe('what an agent closed and never opened, since it died, the guard', () => {
  const closed = { ...route(), state: 'closed' as const, epoch: 9, rejected: ['10.0.0.1'] };
  const { to: _, ...shut } = closed;
  const left: EndpointFacts = { ...gone, routes: { fa: shut, fb: shut } };

  test('fails over, when nobody was promoted', () => {
    const guard = planGuard(left, rails);
    expect(guard).toMatchObject({ primary: 'p1', judgement: { majority: true }, astray: [] });
    const wish = { force: false, to: '' };
    expect(planFailover(left, wish)).toMatchObject({
      candidates: [{ member: 'p2' }, { member: 'p3' }],
      close: [{ from: 9 }, { from: 9 }],
    });
  });

  test('opens to the member that was promoted', () => {
    const promoted = { ...left, members: { ...left.members, p2: view('p2', 'primary', '0/5100') } };
    expect(planGuard(promoted, rails)).toMatchObject({
      primary: 'p2',
      astray: [{ forwarder: 'fa' }, { forwarder: 'fb' }],
    });
    expect(planForwarder(promoted, { gone: '', by: 'fa' })).toMatchObject({
      ...{ to: { member: 'p2' }, joins: { from: 9, open: false } },
    });
  });

  test('opens where it can, when the agent was that of a forwarder', () => {
    const members = { ...left.members, p2: { ...view('p2', 'primary', '0/5100'), promoted: 9 } };
    expect(planGuard({ ...left, members, routes: { fa: { silent: 'gone' }, fb: shut } }, rails).astray).toMatchObject([
      { forwarder: 'fb' },
    ]);
  });

  test('leaves alone while another forwarder forwards', () => {
    const some = (fa: typeof shut, fb: EndpointFacts['routes'][string]) =>
      planGuard({ ...well, routes: { fa, fb } }, rails).astray.map(({ forwarder }) => forwarder);
    expect(some(shut, route('10.0.0.1', 9))).toEqual([]);
  });
});

describe('what the agents did is taken over', () => {
  const deed: Deed = {
    ...{
      number: 1,
      atMs: goneMs + 3_000,
      target: 'orders',
      failed: 'p1',
      epoch: 9,
      acts: [],
      outcome: 'done',
      why: '',
    },
    failover: {
      ...{ sinceMs: goneMs, verdict: 'crashed', votes: [], to: 'p2', timeline: 2, openAtMs: goneMs + 2_500 },
      ...{ fence: [], cut: { found: 0, left: 0 } },
    },
  };
  const after: EndpointFacts = {
    ...gone,
    routes: { fa: route('10.0.0.2', 9), fb: route('10.0.0.2', 9) },
    deeds: [deed],
  };

  test('while it stands', () => {
    expect(deedToAdopt(after)).toBe(deed);
    const closedByRun = { ...after, routes: { ...after.routes, fb: route('10.0.0.3', 11) } };
    expect(deedToAdopt(closedByRun, 11)).toBe(deed);
  });

  test.each<[string, EndpointFacts]>([
    ['nothing was done', { ...after, deeds: [] }],
    ['it failed', { ...after, deeds: [{ ...deed, outcome: 'failed' }] }],
    ['somebody changed a route since', { ...after, routes: { ...after.routes, fb: route('10.0.0.3', 11) } }],
    [
      'its primary is gone as well',
      {
        ...after,
        observations: ['fa', 'fb', 'et'].map((o) => ({ ...seen(o, silent), sights: { p1: silent, p2: silent } })),
      },
    ],
  ])('not when %s', (_name, given) => {
    expect(deedToAdopt(given)).toBeUndefined();
  });
});
