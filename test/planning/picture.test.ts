import fc from 'fast-check';
import type { LoadPicture } from '../../src/planning/picture/loadPicture';
import { loadPlot } from '../../src/planning/picture/loadPlot';
import { sparkline } from '../../src/planning/picture/sparkline';
import { shortValue, timeTicks, valueTicks } from '../../src/planning/picture/ticks';

const stepMs = 300_000;
const startMs = Date.UTC(2026, 0, 5);
const size = { width: 600, height: 200 };

function pictureOf(history: (number | null)[], ahead: number[], object = 'orders'): LoadPicture {
  const bands = [80, 95].map((level) => ({
    level,
    lower: ahead.map((value) => value - level),
    upper: ahead.map((value) => value + level),
  }));
  const forecast = { startMs: startMs + history.length * stepMs, stepMs, values: ahead, bands };
  return { object, unit: 'requests/s', history: { startMs, stepMs, values: history }, forecast };
}

const anyValue = fc.double({ min: -1e9, max: 1e9, noNaN: true });
const anyPicture = fc
  .tuple(
    fc.array(fc.option(anyValue), { minLength: 1, maxLength: 300 }),
    fc.array(anyValue, { minLength: 1, maxLength: 100 }),
  )
  .map(([history, ahead]) => pictureOf(history, ahead));

test('whatever the load, every point of the plot lies within it', () => {
  fc.assert(
    fc.property(anyPicture, (picture) => {
      const svg = loadPlot(picture, size);
      expect(svg).not.toMatch(/NaN|Infinity|undefined/);
      const points = [...svg.matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].map(([, x, y]) => [Number(x), Number(y)]);
      for (const [x, y] of points) {
        expect(x).toBeGreaterThanOrEqual(0);
        expect(x).toBeLessThanOrEqual(size.width);
        expect(y).toBeGreaterThanOrEqual(0);
        expect(y).toBeLessThanOrEqual(size.height);
      }
      expect(loadPlot(picture, size)).toBe(svg);
    }),
    { numRuns: 50 },
  );
});

test('a line is broken where nobody measured', () => {
  const line = (values: (number | null)[]) => loadPlot(pictureOf(values, [1])).match(/stroke-opacity="0.75"/g)?.length;
  expect(line([1, 2, 3])).toBe(1);
  const path = /d="(M[^"]*)" stroke="currentColor" stroke-width="1.1"/.exec(
    loadPlot(pictureOf([1, 2, null, 4, 5], [1])),
  )![1]!;
  expect(path.match(/M/g)).toHaveLength(2);
});

test('the name of an object is never markup', () => {
  expect(loadPlot(pictureOf([1], [1], '<script>alert(1)</script>'))).not.toContain('<script');
});

test('in letters the picture has the width that was asked for, and the forecast is told from the past', () => {
  const lines = sparkline(pictureOf(Array(200).fill(100), Array(100).fill(100)), 60);
  expect(lines).toHaveLength(9);
  for (const line of lines) expect(Array.from(line).length).toBeLessThanOrEqual(60);
  expect(lines.at(-2)).toMatch(/^ *0 ┤█+▓+$/);
});

test('ticks are round and inside', () => {
  expect(valueTicks(0, 437, 4)).toEqual([0, 200, 400]);
  expect(valueTicks(-3, 7, 4)).toEqual([0, 5]);
  expect(timeTicks(startMs, startMs + 86_400_000, 5).map(({ label }) => label)).toEqual([
    'Mon 05',
    '06:00',
    '12:00',
    '18:00',
    'Tue 06',
  ]);
  expect([0, 0.25, 12.345, 1200, 3.2e6, -4500, 1e-9].map(shortValue)).toMatchInlineSnapshot(`
   [
     "0",
     "0.25",
     "12.3",
     "1.2k",
     "3.2M",
     "-4.5k",
     "1.0e-9",
   ]
  `);
  fc.assert(
    fc.property(fc.double({ min: 1e-3, max: 1e12, noNaN: true }), fc.integer({ min: 3, max: 8 }), (most, count) => {
      const ticks = valueTicks(0, most, count);
      expect(ticks.length).toBeGreaterThan(1);
      expect(ticks.length).toBeLessThanOrEqual(count + 1);
    }),
  );
});
