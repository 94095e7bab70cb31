import * as fc from 'fast-check';
import type { MemberView } from '../../src/contract/capabilities/role';
import { mayYetBe, staysClosed, type GivenUp } from '../../src/planning/failover/mayYetBe';

test('only a member that says so will not become the primary; without an answer it may', () => {
  expect(mayYetBe('NotStandby')).toBe('no');
  expect(mayYetBe('DatabaseSaidNo')).toBe('no');
  expect(mayYetBe('AgentUnreachable')).toBe('unheard');
  expect(mayYetBe('NotPromoted')).toBe('yes');
  expect(mayYetBe('StaleEpoch')).toBe('yes');
  expect(mayYetBe(undefined)).toBe('yes');
});

const given = (more: Partial<GivenUp> = {}): GivenUp => ({
  ...{ primary: 'p1', fenced: false, open: [], candidates: ['p2'], states: { p2: 'standby' } },
  ...more,
});

test.each<[string, Partial<GivenUp>, string | undefined]>([
  ['the candidate is a standby', {}, undefined],
  ['the candidate is kept down', { states: { p2: 'fenced' } }, undefined],
  ['the candidate is down', { states: { p2: 'down' } }, undefined],
  ['another one does not answer', { states: { p2: 'standby' } }, undefined],
  ['the old primary is fenced', { fenced: true }, 'p1 is fenced'],
  ['an order is open', { open: ['p2'] }, 'p2 may still become the primary'],
  ['the candidate does not answer', { states: {} }, 'p2 may have been promoted'],
  ['the candidate hangs', { states: { p2: 'silent' } }, 'p2 may have been promoted'],
  ['somebody promoted another one', { states: { p2: 'standby', p3: 'primary' } }, 'p3 is a primary by now'],
])('given up while %s', (_what, more, why) => {
  expect(staysClosed(given(more))).toBe(why);
});

test('it is never opened to the old primary beside another one that is a primary, or may become one', () => {
  const state = fc.constantFrom<MemberView['state']>('primary', 'standby', 'fenced', 'down', 'silent');
  const some = fc.record({
    open: fc.subarray(['p2', 'p3']),
    states: fc.record({ p2: state, p3: state }, { requiredKeys: [] }),
  });
  fc.assert(
    fc.property(some, ({ open, states }) => {
      if (staysClosed(given({ candidates: ['p2', 'p3'], open, states })) !== undefined) return;
      expect(open).toEqual([]);
      for (const member of ['p2', 'p3'] as const) expect(['standby', 'fenced', 'down']).toContain(states[member]);
    }),
  );
});
