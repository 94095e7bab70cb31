import * as fc from 'fast-check';
import { mayStart, packShipments, type Cargo, type Shipment } from '../../src/planning/ingestion/shipments';

const fsvm = (side: string) => fc.nat(4).map((n) => `${side}${n}`);
const someCargo: fc.Arbitrary<Cargo[]> = fc.array(
  fc.record({ item: fc.uuid(), from: fsvm('old'), to: fsvm('new'), bytes: fc.nat(10 ** 11), files: fc.nat(10 ** 6) }),
  { minLength: 1, maxLength: 300 },
);

test('every item is in exactly one shipment, of its own pair', () => {
  fc.assert(
    fc.property(someCargo, fc.integer({ min: 1, max: 4 }), (cargo, tokens) => {
      const pairOf = new Map(cargo.map((c) => [c.item, `${c.from}-${c.to}`]));
      const packed = packShipments(cargo, tokens);
      expect(packed.flatMap((s) => s.items).sort()).toEqual(cargo.map((c) => c.item).sort());
      expect(new Set(packed.map((s) => s.id)).size).toBe(packed.length);
      for (const { items, from, to } of packed)
        for (const item of items) expect(pairOf.get(item)).toBe(`${from}-${to}`);
    }),
  );
});

test('at no time does an FSVM use more than its tokens, and all shipments get their turn', () => {
  fc.assert(
    fc.property(
      someCargo,
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 6 }),
      fc.nat(),
      (cargo, tokens, most, seed) => {
        let waiting = packShipments(cargo, tokens);
        const running: Shipment[] = [];
        let turn = seed;
        for (let rounds = 0; waiting.length > 0 || running.length > 0; rounds++) {
          expect(rounds).toBeLessThan(cargo.length + 1);
          const starting = mayStart(waiting, running, tokens, most);
          waiting = waiting.filter((s) => !starting.includes(s));
          running.push(...starting);
          expect(running.length).toBeGreaterThan(0);
          expect(running.length).toBeLessThanOrEqual(most);
          for (const side of ['from', 'to'] as const)
            for (const name of new Set(running.map((s) => s[side]))) {
              const used = running.filter((s) => s[side] === name).reduce((sum, s) => sum + s.lanes, 0);
              expect(used).toBeLessThanOrEqual(tokens);
            }
          running.splice(turn++ % running.length, 1);
        }
      },
    ),
    { numRuns: 50 },
  );
});

test('an item that is most of its pair gets every lane', () => {
  const cargo = [
    { item: 'giant', from: 'a', to: 'b', bytes: 10 ** 12, files: 1 },
    { item: 'dwarf', from: 'a', to: 'b', bytes: 10 ** 6, files: 1 },
  ];
  expect(packShipments(cargo, 2).map((s) => [s.items, s.lanes])).toEqual([
    [['giant'], 2],
    [['dwarf'], 1],
  ]);
});

test('ten thousand home directories do not become ten thousand jobs', () => {
  const cargo = Array.from({ length: 10_000 }, (_, i) => ({
    item: `home${i}`,
    from: 'a',
    to: 'b',
    bytes: 10 ** 6,
    files: 100,
  }));
  expect(packShipments(cargo, 2).length).toBeLessThan(100);
});
