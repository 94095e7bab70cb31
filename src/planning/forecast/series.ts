import { median } from './statistics';

/** Load as it was measured, one value a step; null where nothing was measured. */
export interface Series {
  startMs: number;
  stepMs: number;
  values: readonly (number | null)[];
}

/**
 * A series made ready: without holes, and in a unit of its own (its lowest value is 0, the mean distance from its median
 * is 1), so that nothing that follows depends on the unit or on the zero of what was measured.
 */
export interface Load {
  values: Float64Array;
  /** When the first value was measured: missing ones before it are left out. */
  startMs: number;
  stepMs: number;
  /** Measured = value × scale + shift. */
  scale: number;
  shift: number;
  /** Forecasts stay within these, in the unit of `values`: what was never negative never becomes so. */
  lowest: number;
  highest: number;
  /** Values that were missing and are filled. */
  filled: number;
}

const known = (value: number | null | undefined): value is number => Number.isFinite(value);

/** Fills the holes of a series and takes away its unit. Undefined when it has no observation. */
export function readyLoad({ startMs, stepMs, values }: Series, dayOf: (stepMs: number) => number): Load | undefined {
  const first = values.findIndex(known);
  if (first < 0) return undefined;
  const measured = values.slice(first);
  const filled = measured.length - measured.filter(known).length;
  const whole = tamed(fillHoles(measured, dayOf(stepMs)));
  let [low, high] = [whole[0]!, whole[0]!];
  for (const value of whole) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const middle = median(whole);
  const distance = whole.reduce((sum, value) => sum + Math.abs(value - middle), 0) / whole.length;
  const scale = distance > 0 ? distance : 1;
  const range = (high - low) / scale;
  return {
    values: whole.map((value) => (value - low) / scale),
    startMs: startMs + first * stepMs,
    stepMs,
    scale,
    shift: low,
    lowest: low >= 0 ? Math.max(-low / scale, -range) : -range,
    highest: 2 * range,
    filled,
  };
}

/** A hole of more than this share of a day is filled from the day before: a line through it would erase the season. */
const shortHole = 1 / 12;

/** Short holes get a straight line, long ones what the same phase of the day before had. The first value is known. */
function fillHoles(measured: readonly (number | null)[], day: number): Float64Array {
  const whole = Float64Array.from(measured, (value) => (known(value) ? value : NaN));
  for (let from = 0; from < whole.length; from++) {
    if (!Number.isNaN(whole[from]!)) continue;
    let to = from;
    while (to < whole.length && Number.isNaN(whole[to]!)) to++;
    const before = whole[from - 1]!;
    const after = to < whole.length ? whole[to]! : before;
    const long = to - from > Math.max(3, day * shortHole) || to === whole.length;
    for (let at = from; at < to; at++)
      whole[at] =
        long && at >= day ? whole[at - day]! : before + ((after - before) * (at - from + 1)) / (to - from + 1);
    from = to;
  }
  return whole;
}

/** So many values of a height are a fact; fewer may be a spike. */
const fact = 3;

/** A spike is cut where it leaves the range of all other values by more than that range: it is no load to scale by. */
function tamed(values: Float64Array): Float64Array {
  const sorted = values.toSorted();
  const [low, high] = [sorted[fact - 1], sorted[sorted.length - fact]];
  if (low === undefined || high === undefined || low >= high) return values;
  const range = high - low;
  return values.map((value) => Math.min(high + range, Math.max(low - range, value)));
}

/** In the unit of what was measured. */
export const measured = ({ scale, shift }: Load, value: number): number => value * scale + shift;

/** Within what the series may become. A value that is no number becomes the upper bound: better too much than nothing. */
export const within = ({ lowest, highest }: Load, value: number): number =>
  !(value <= highest) ? highest : value < lowest ? lowest : value;
