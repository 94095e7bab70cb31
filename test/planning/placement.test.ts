import * as fc from 'fast-check';
import { placeItems, weightOf } from '../../src/planning/ingestion/placement';

const someItems = fc
  .uniqueArray(fc.string({ minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 60 })
  .chain((names) =>
    fc.tuple(
      ...names.map((item) =>
        fc.record({
          item: fc.constant(item),
          ordinal: fc.nat(7),
          bytes: fc.nat(10 ** 9),
          files: fc.nat(10_000),
        }),
      ),
    ),
  );
const someTargets = fc.integer({ min: 1, max: 9 });

test('every item gets exactly one FSVM that exists', () => {
  fc.assert(
    fc.property(someItems, someTargets, fc.boolean(), (items, targets, balance) => {
      const placed = placeItems(items, targets, { balance });
      expect(placed.map((p) => p.item.item).sort()).toEqual(items.map((i) => i.item).sort());
      for (const { target } of placed) expect(target >= 0 && target < targets).toBe(true);
    }),
  );
});

test('the order in which items are given changes nothing', () => {
  fc.assert(
    fc.property(someItems, someTargets, (items, targets) => {
      const shuffled = items.toReversed();
      expect(placeItems(shuffled, targets)).toEqual(placeItems(items, targets));
    }),
  );
});

test('no FSVM holds more than 1.05 of its fair share, but for one item that was put on the least filled', () => {
  fc.assert(
    fc.property(someItems, someTargets, (items, targets) => {
      const fair = items.reduce((sum, item) => sum + weightOf(item), 0) / targets;
      const largest = Math.max(...items.map(weightOf));
      for (let target = 0; target < targets; target++) {
        const held = placeItems(items, targets)
          .filter((p) => p.target === target)
          .reduce((sum, p) => sum + weightOf(p.item), 0);
        expect(held).toBeLessThanOrEqual(Math.max(1.05 * fair, fair + largest) + 1);
      }
    }),
  );
});

test('items that fit stay on their ordinal', () => {
  const items = [0, 1, 2, 3].map((ordinal) => ({ item: `share-${ordinal}`, ordinal, bytes: 100, files: 1 }));
  expect(placeItems(items, 4).every((p) => p.home && p.target === p.item.ordinal)).toBe(true);
});

test('what overfills its ordinal goes largest first to the least filled', () => {
  const items = ['a', 'b', 'c', 'd'].map((item, i) => ({ item, ordinal: 0, bytes: (4 - i) * 10 ** 9, files: 0 }));
  const placed = placeItems(items, 2);
  expect(placed.map((p) => `${p.item.item}→${p.target}${p.home ? ' home' : ''}`)).toEqual([
    'a→0 home',
    'd→0 home',
    'b→1',
    'c→1',
  ]);
});
