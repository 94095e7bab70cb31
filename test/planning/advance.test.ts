import fc from 'fast-check';
import { afterLook, anotherAttempt, mostFruitless, noAdvance, type Advance } from '../../src/planning/advance';

const MiB = 1024 ** 2;
type Look = { done: number; doneFiles: number };

/** Attempts one after the other, each a list of looks; answers how many in a row were without advance at the end. */
function after(attempts: readonly (readonly Look[])[], keeps: boolean): number {
  const attempt = (before: Advance | undefined, looks: readonly Look[]) =>
    looks.reduce((so, look) => afterLook(so, look, keeps), anotherAttempt(before));
  return attempts.reduce<Advance | undefined>(attempt, undefined)?.fruitless ?? 0;
}
const times = (count: number, looks: readonly Look[]) => Array.from({ length: count }, () => looks);

test('attempts that each advance are never too many, whether they bring bytes or files', () => {
  const files = (n: number) => [{ done: 5, doneFiles: n }];
  expect(after(times(1_000, [{ done: 200 * MiB, doneFiles: 0 }]), true)).toBe(0);
  expect(
    after(
      Array.from({ length: 1_000 }, (_, n) => files(n + 1)),
      true,
    ),
  ).toBe(0);
});

test('attempts that stop at the same place are counted: a full disk takes some bytes each time', () => {
  expect(after(times(mostFruitless + 1, [{ done: 8 * MiB, doneFiles: 0 }]), true)).toBe(mostFruitless + 1);
  expect(after(times(mostFruitless + 1, [{ done: 3e12, doneFiles: 7 }]), false)).toBe(mostFruitless);
});

test('an attempt that is told nothing counts as one without advance, whatever was before', () => {
  const look = fc.record({ done: fc.nat(), doneFiles: fc.nat() });
  fc.assert(
    fc.property(fc.array(fc.array(look)), fc.boolean(), (attempts, keeps) => {
      expect(after([...attempts, []], keeps)).toBe(after(attempts, keeps) + 1);
    }),
  );
});

test('whoever reached a place once does not advance by reaching it again', () => {
  const look = fc.record({ done: fc.nat({ max: 128 * MiB }), doneFiles: fc.nat() });
  fc.assert(
    fc.property(fc.array(look), (looks) => {
      expect(after([looks, looks], true)).toBe(after([looks], true) + 1);
    }),
  );
  expect(noAdvance.fruitless).toBe(0);
});
