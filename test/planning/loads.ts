import * as fc from 'fast-check';
import type { Series } from '../../src/planning/forecast/series';

const hourMs = 3_600_000;
/** A Monday. */
export const mondayMs = Date.parse('2024-01-01T00:00:00Z');

/** An hourly load by a formula of the hour. */
export const hourly = (hours: number, at: (hour: number) => number | null): Series => ({
  startMs: mondayMs,
  stepMs: hourMs,
  values: Array.from({ length: hours }, (_, hour) => at(hour)),
});

/** 60 to 140, highest at six in the morning. */
export const day = (hour: number): number => 100 + 40 * Math.sin((2 * Math.PI * hour) / 24);

/** The same wobble each time, −1 to 1: tests need no luck. */
export const wobble = (hour: number): number => Math.sin(hour * 12.9898) * Math.cos(hour * 78.233);

/** Sums and differences of such numbers are exact, so that a change of unit or zero changes nothing else. */
const sixtyFourths = (value: number): number => Math.round(value * 64) / 64;

/** Loads of a day's shape with noise, spikes, holes and a shift; some never negative, all of at least a few days. */
export const someLoad: fc.Arbitrary<Series> = fc
  .record({
    hours: fc.integer({ min: 100, max: 400 }),
    swing: fc.double({ min: 0, max: 50, noNaN: true }),
    noise: fc.array(fc.double({ min: -10, max: 10, noNaN: true }), { minLength: 7, maxLength: 29 }),
    spikes: fc.array(fc.nat(399), { maxLength: 4 }),
    holes: fc.array(fc.nat(399), { maxLength: 40 }),
    shiftAt: fc.nat(399),
    shift: fc.double({ min: -30, max: 60, noNaN: true }),
  })
  .map(({ hours, swing, noise, spikes, holes, shiftAt, shift }) =>
    hourly(hours, (hour) => {
      if (hour > 0 && holes.includes(hour)) return null;
      const spike = spikes.includes(hour) ? 400 : 0;
      const level = 100 + (hour >= shiftAt ? shift : 0);
      return sixtyFourths(level + swing * Math.sin((2 * Math.PI * hour) / 24) + noise[hour % noise.length]! + spike);
    }),
  );

/** The same load in another unit, and from another zero. */
export const changed = (series: Series, scale: number, shift: number): Series => ({
  ...series,
  values: series.values.map((value) => (value === null ? null : value * scale + shift)),
});
