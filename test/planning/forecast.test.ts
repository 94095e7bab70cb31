import * as fc from 'fast-check';
import { forecast, modelsOf, readyBaseline, schemes, type Forecast } from '../../src/planning/forecast/forecast';
import { workloadOf } from '../../src/planning/forecast/workload';
import { meanError } from '../../src/planning/forecast/origins';
import type { Series } from '../../src/planning/forecast/series';
import { changed, day, hourly, someLoad, wobble } from './loads';

const horizon = 24;
const levels = [50, 80, 95];
const made = (series: Series, more: Partial<Parameters<typeof forecast>[0]> = {}): Forecast =>
  forecast({ series, horizon, levels, ...more })!;
/** A forecast takes 40 ms, and to look for a smaller counterexample takes hundreds. */
const few = { numRuns: 12, endOnFailure: true };
const apart = (a: readonly number[], b: readonly number[]): number =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);

test('a load that is never negative never becomes so, by any scheme', () => {
  fc.assert(
    fc.property(someLoad, fc.constantFrom(...schemes), (series, scheme) => {
      const values = series.values.map((value) => (value === null ? null : Math.max(0, value - 90)));
      const { mean, bands } = made({ ...series, values }, { scheme });
      for (const path of [mean, ...bands.flatMap(({ lower, upper }) => [lower, upper])])
        for (const value of path) expect(value).toBeGreaterThanOrEqual(0);
    }),
    few,
  );
});

test('each band holds the narrower ones and the forecast, and every number is one', () => {
  fc.assert(
    fc.property(someLoad, (series) => {
      const { mean, bands } = made(series);
      expect(bands.map(({ level }) => level)).toEqual(levels);
      let [lower, upper] = [mean, mean];
      for (const band of bands) {
        for (let i = 0; i < horizon; i++) {
          expect(Number.isFinite(mean[i]!)).toBe(true);
          expect(band.lower[i]!).toBeLessThanOrEqual(lower[i]!);
          expect(band.upper[i]!).toBeGreaterThanOrEqual(upper[i]!);
        }
        ({ lower, upper } = band);
      }
    }),
    few,
  );
});

test('another unit or another zero gives the same forecast in that unit', () => {
  fc.assert(
    fc.property(
      someLoad,
      fc.constantFrom(2 ** -40, 0.5, 8, 2 ** 40),
      fc.integer({ min: 1000, max: 2000 }),
      (series, scale, shift) => {
        const far = changed(series, 1, 1000);
        const plain = made(far);
        const other = made(changed(far, scale, shift * scale));
        expect(other.model).toBe(plain.model);
        expect(
          apart(
            other.mean.map((value) => value / scale - shift),
            plain.mean,
          ),
        ).toBeLessThan(1e-6);
      },
    ),
    few,
  );
});

test('the same load gives the same forecast', () => {
  fc.assert(
    fc.property(someLoad, (series) => {
      expect(made(structuredClone(series))).toEqual(made(series));
    }),
    { ...few, numRuns: 6 },
  );
});

test('the stored baseline is the ground of every model: another one changes them all, and not by its own change', () => {
  const series = hourly(500, (hour) => day(hour) + 8 * wobble(hour) + hour / 20);
  const work = workloadOf(series, horizon)!;
  const baseline = readyBaseline(work);
  const raised = (by: number) => {
    const up = (path: Float64Array) => path.map((value) => value + by);
    const paths = baseline.paths.map(up);
    const levelsUp = baseline.levels.map((level, i) => level + by * (1 + Math.sin(i / 50)));
    return {
      ...baseline,
      levels: levelsUp,
      paths,
      now: up(baseline.now),
      error: meanError(work.load.values, work.origins, paths),
    };
  };
  const before = modelsOf(work, baseline);
  const after = modelsOf(work, raised(0.5));
  expect(apart([...after.baseline.now], [...before.baseline.now])).toBeCloseTo(0.5);
  for (const model of ['seasonality', 'trend'] as const) {
    const difference = after[model]!.now.map((value, i) => value - before[model]!.now[i]!);
    expect(Math.max(...difference.map(Math.abs))).toBeGreaterThan(1e-3);
    expect(Math.max(...difference) - Math.min(...difference)).toBeGreaterThan(1e-3);
  }
});

test('what is applied to the baseline is the adjustment of the most accurate model', () => {
  fc.assert(
    fc.property(someLoad, (series) => {
      const { mean, baseline, adjustments, model, candidates, backtest } = made(series);
      expect(mean).toEqual(candidates[model]);
      for (let i = 0; i < horizon; i++) expect(baseline[i]! + adjustments[i]!).toBeCloseTo(mean[i]!, 6);
      for (const error of Object.values(backtest.errors)) expect(error).toBeGreaterThanOrEqual(backtest.errors[model]!);
    }),
    few,
  );
});

test('a day is found, and a cycle of seven hours that no clock explains', () => {
  const daily = made(hourly(24 * 14, (hour) => day(hour) + 3 * wobble(hour)));
  expect(daily.model).toBe('seasonality');
  expect(
    apart(
      daily.mean,
      Array.from({ length: horizon }, (_, i) => day(24 * 14 + i)),
    ),
  ).toBeLessThan(6);
  const batch = (hour: number) => (hour % 7 === 3 ? 90 : 10);
  const strange = made(hourly(24 * 14, (hour) => batch(hour) + wobble(hour)));
  expect(
    apart(
      strange.mean,
      Array.from({ length: horizon }, (_, i) => batch(24 * 14 + i)),
    ),
  ).toBeLessThan(12);
});

test('working days and rest days have shapes of their own, whichever days people rest on', () => {
  const resting = (hour: number) => [4, 5].includes(Math.floor(hour / 24) % 7);
  const load = (hour: number) => (resting(hour) ? 20 + (hour % 3) : day(hour)) + 2 * wobble(hour);
  const { mean } = made(hourly(24 * 32, load));
  expect(
    apart(
      mean,
      Array.from({ length: horizon }, (_, i) => load(24 * 32 + i)),
    ),
  ).toBeLessThan(25);
});

test('it says why a model won, and says so when none is better than yesterday', () => {
  const good = made(hourly(24 * 14, (hour) => day(hour) + 3 * wobble(hour)));
  expect(good.caution).toBeUndefined();
  expect(good.why).toMatch(
    /^Seasonality \(.*\) was nearest at 24 origins of the past, with \d+ % of the error of "as at this time yesterday"/,
  );
  const steps = (hour: number) => (Math.floor(hour / 24) % 2 === 0 ? 10 : 11);
  const exact = made(
    hourly(24 * 14, (hour) => day(hour) * steps(hour)),
    { scheme: 'literal' },
  );
  expect(exact.caution ?? exact.why).toMatch(/as at this time yesterday/);
});

const odd: [string, Series, number][] = [
  ['one value', hourly(1, () => 5), 5],
  ['a constant', hourly(300, () => 7), 7],
  ['zeros', hourly(300, () => 0), 0],
  ['a constant with holes', hourly(300, (hour) => (hour % 5 === 2 ? null : 7)), 7],
];
test.each(odd)('%s stays what it is', (_, series, value) => {
  const { mean, model } = made(series);
  expect(model).toBe('baseline');
  for (const each of mean) expect(each).toBeCloseTo(value);
});

test('holes leave the shape, one spike does not become a forecast, and a shift is followed', () => {
  const truth = Array.from({ length: horizon }, (_, i) => day(24 * 21 + i));
  const holes = hourly(24 * 21, (hour) => (hour % 9 === 4 || (hour > 200 && hour < 248) ? null : day(hour)));
  expect(apart(made(holes).mean, truth)).toBeLessThan(8);
  const spike = hourly(24 * 21, (hour) => (hour === 24 * 21 - 1 ? 1e7 : day(hour)));
  expect(Math.max(...made(spike).mean)).toBeLessThan(1000);
  const shifted = made(hourly(24 * 21, (hour) => day(hour) + (hour >= 24 * 19 ? 300 : 0)));
  expect(Math.min(...shifted.mean)).toBeGreaterThan(200);
});

test('a history shorter than a day is answered by the baseline, with a caution', () => {
  const { model, caution } = made(hourly(4, (hour) => hour));
  expect(model).toBe('baseline');
  expect(caution).toBeDefined();
  expect(forecast({ series: hourly(5, () => null), horizon, levels })).toBeUndefined();
});

test('30 000 points take seconds, not minutes', () => {
  const begun = performance.now();
  const values = Array.from({ length: 30_000 }, (_, i) => 100 + 40 * Math.sin((2 * Math.PI * i) / 288) + 3 * wobble(i));
  made({ startMs: 0, stepMs: 300_000, values });
  expect(performance.now() - begun).toBeLessThan(15_000);
});
