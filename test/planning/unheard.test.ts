import * as fc from 'fast-check';
import { isSpent, unheardFacts, type Unheard } from '../../src/planning/failover/unheard';
import { majorityOf } from '../../src/planning/failover/verdict';

const observers = ['a', 'b', 'c', 'd', 'e'];
const unheard = (by: string[], total = 3): Unheard => ({
  ...{ epoch: 9, observers: observers.slice(0, total), by, untilMs: Date.parse('2026-01-05T10:00:00Z') },
});

test('a plan that one of three still holds is said to be of no use, and when it ends', () => {
  expect(unheardFacts(unheard(['c']))).toEqual({
    who: 'c',
    until: '2026-01-05T10:00:00.000Z',
    so: 'a majority has heard it, so that nobody can begin to use it any more',
  });
});

test('a plan that two of three still hold is said to be of use', () => {
  expect(unheardFacts(unheard(['b', 'c']))).toMatchObject({
    who: 'b and c',
    so: expect.stringContaining('may still') as string,
  });
});

test('what is said to be of no use never finds as many observers as it takes', () => {
  const some = fc
    .integer({ min: 3, max: 5 })
    .chain((total) => fc.record({ total: fc.constant(total), by: fc.subarray(observers.slice(0, total)) }));
  fc.assert(
    fc.property(some, ({ total, by }) => {
      // Two of four are no majority: then nothing is promised, though the other two are none either.
      expect(isSpent(unheard(by, total))).toBe(total - by.length >= majorityOf(total));
      expect(isSpent(unheard(by, total)) && by.length >= majorityOf(total)).toBe(false);
    }),
  );
});
