import * as fc from 'fast-check';
import type { ArmedTerms } from '../../src/contract/armed';
import type { MemberView } from '../../src/contract/capabilities/role';
import type { RouteView } from '../../src/contract/capabilities/traffic';
import { judgeReturn, knownOf, overtakenBy, type ReturnFacts } from '../../src/planning/failover/superseded';

const [here, elsewhere] = ['10.0.0.1', '10.0.0.2'];
const open = (address: string, epoch: number): RouteView => ({
  ...{ endpoint: 'orders', state: 'open', epoch, to: { address, port: 5432 }, rejected: [] },
});
const closed = (rejected: string[], epoch: number): RouteView => ({
  ...{ endpoint: 'orders', state: 'closed', epoch, rejected },
});
const absent: RouteView = { endpoint: 'orders', state: 'absent', epoch: 0, rejected: [] };
const primary = (timeline: number, systemId = '7'): MemberView => ({
  ...{ member: 'p2', state: 'primary', systemId, timeline, cautions: [] },
});
const facts = (more: Partial<ReturnFacts> = {}): ReturnFacts => ({
  ...{ address: here, port: 5432, knownAtStart: 5, ordered: 0, heard: 5, systemId: '7', timeline: 1 },
  ...{ forwarders: 2, routes: [], others: 4, epochs: [], members: [] },
  ...more,
});

test.each<[string, Partial<ReturnFacts>, 'serve' | 'fence' | 'ask']>([
  ['nobody answers', {}, 'ask'],
  ['one forwarder of two leads to it', { routes: [open(here, 5)] }, 'ask'],
  ['both lead to it', { routes: [open(here, 5), open(here, 5)] }, 'serve'],
  ['both lead to it, and a plan is armed', { routes: [open(here, 5), open(here, 5)], epochs: [9] }, 'serve'],
  ['both lead to it after a run that was undone', { routes: [open(here, 8), open(here, 8)], epochs: [8] }, 'serve'],
  ['nothing was ever forwarded', { routes: [absent, absent] }, 'serve'],
  ['the forwarders have forgotten what others know', { routes: [absent, absent], epochs: [9] }, 'ask'],
  ['only an epoch is higher', { epochs: [9] }, 'ask'],
  ['one forwarder leads elsewhere', { routes: [open(elsewhere, 9)] }, 'fence'],
  ['one leads elsewhere, and is older', { routes: [open(elsewhere, 8), open(here, 9)] }, 'serve'],
  ['one leads elsewhere, and the other is on its way there', { routes: [closed([], 9), open(elsewhere, 9)] }, 'fence'],
  ['every forwarder is closed to it', { routes: [closed([here], 9), closed([here], 9)] }, 'fence'],
  ['one is closed to it, and the other is silent', { routes: [closed([here], 9)] }, 'ask'],
  ['one has left on purpose, and the other leads here', { routes: [closed([here], 9), open(here, 5)] }, 'ask'],
  ['it is closed to another', { routes: [closed([elsewhere], 9), closed([elsewhere], 9)] }, 'ask'],
  ['another one is the primary on a later timeline', { epochs: [9], members: [primary(2)] }, 'fence'],
  [
    'another one was promoted by accident',
    { routes: [open(here, 5), open(here, 5)], epochs: [9], members: [primary(2)] },
    'serve',
  ],
  ['it is on no later one', { epochs: [9], members: [primary(1)] }, 'ask'],
  ['it is of another cluster', { epochs: [9], members: [primary(2, '8')] }, 'ask'],
  ['it is reinstated', { ordered: 9, heard: 9, epochs: [9], routes: [closed([here], 9), closed([here], 9)] }, 'serve'],
  ['it was reinstated, and replaced since', { ordered: 8, heard: 8, routes: [open(elsewhere, 9)] }, 'fence'],
  ['it was reinstated before it went', { ordered: 5, routes: [open(elsewhere, 9)] }, 'fence'],
  ['a forwarder on its host is led elsewhere', { heard: 9, epochs: [9], routes: [open(elsewhere, 9)] }, 'fence'],
  ['an observer on its host has heard of another primary', { heard: 9, members: [primary(2)] }, 'fence'],
  ['a plan is armed with an observer on its host', { heard: 9, routes: [open(here, 5), open(here, 5)] }, 'serve'],
  ['a forwarder on its host has left', { heard: 9, routes: [closed([here], 9), open(here, 5)] }, 'ask'],
  ['nobody but its own host knows more', { heard: 9, routes: [absent, absent] }, 'ask'],
  ['there are no forwarders, and most of the others know no more', { forwarders: 0, epochs: [5, 5, 4] }, 'serve'],
  ['there are no forwarders, and few answer', { forwarders: 0, epochs: [5, 5] }, 'ask'],
])('a primary comes back, and %s', (_what, more, does) => {
  expect(judgeReturn(facts(more))).toMatchObject({ does });
});

test.each<[string, Partial<ReturnFacts>, number | undefined]>([
  ['both forwarders lead elsewhere', { routes: [open(elsewhere, 9), open(elsewhere, 9)] }, 9],
  ['the newest leads elsewhere', { routes: [open(here, 5), open(elsewhere, 9)] }, 9],
  ['its host observes, and has heard more', { heard: 12, routes: [open(here, 5), open(elsewhere, 9)] }, 12],
  [
    'it was promoted unheard, and another one after it',
    { ordered: 9, timeline: 2, routes: [open(elsewhere, 9), open(elsewhere, 9)] },
    9,
  ],
  ['it was promoted before', { ordered: 5, timeline: 2, routes: [open(elsewhere, 9), open(elsewhere, 9)] }, undefined],
  ['too few answer', { routes: [open(elsewhere, 9)] }, undefined],
  ['the newest leads to it', { routes: [open(elsewhere, 8), open(here, 9)] }, undefined],
  ['a failover is under way', { routes: [closed([here], 9), closed([here], 9)] }, undefined],
  ['nobody else is a primary', { routes: [open(elsewhere, 9), open(elsewhere, 9)], members: [] }, undefined],
  [
    'the other one is on an earlier timeline',
    { routes: [open(elsewhere, 9), open(elsewhere, 9)], timeline: 3 },
    undefined,
  ],
  ['another one was promoted by accident', { epochs: [9], routes: [open(here, 5), open(here, 5)] }, undefined],
])('a primary ran on, and %s', (_what, more, epoch) => {
  expect(overtakenBy(facts({ members: [primary(2)], ...more }))?.epoch).toBe(epoch);
});

test('a plan that may have been used to replace it while it was away is not what its host knows', () => {
  const plan: ArmedTerms = {
    ...{ endpoint: 'orders', epoch: 9, from: { fa: 5, fb: 4 }, primary: 'p1', candidates: ['p2'] },
    ...{ observers: [], afterMs: 1_500, notBeforeMs: 0 },
  };
  expect(knownOf('p1', 9, plan)).toBe(5);
  expect(knownOf('p1', 9, { ...plan, from: {} })).toBe(0);
  expect(knownOf('p2', 9, plan)).toBe(9); // it was the standby
  expect(knownOf('p1', 10, plan)).toBe(10); // something came after the plan
  expect(knownOf('p1', 9)).toBe(9);
});

test('it is fenced only on the word of a forwarder or a member, under a higher epoch than its own', () => {
  const epoch = fc.nat(9);
  const route = fc.oneof(
    epoch.map((of) => open(here, of + 1)),
    epoch.map((of) => open(elsewhere, of + 1)),
    epoch.map((of) => closed([here], of + 1)),
    fc.constant(absent),
  );
  const member = fc.nat(2).map((timeline) => primary(timeline));
  const some = fc.record({
    knownAtStart: epoch,
    ordered: epoch,
    heard: epoch,
    routes: fc.array(route, { maxLength: 2 }),
    epochs: fc.array(epoch, { maxLength: 4 }),
    members: fc.array(member, { maxLength: 1 }),
  });
  fc.assert(
    fc.property(some, (more) => {
      const decision = judgeReturn(facts(more));
      if (decision.does !== 'fence') return;
      const own = Math.max(more.knownAtStart, more.ordered);
      expect(decision.epoch).toBeGreaterThan(own);
      expect(decision.epoch).toBeGreaterThanOrEqual(more.heard); // an older one its host would refuse
      const moved = more.routes.some((one) => one.epoch > own && one.to?.address !== here);
      expect(moved || more.members.some(({ timeline = 0 }) => timeline > 1)).toBe(true);
    }),
  );
});
