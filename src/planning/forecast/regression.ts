import { meanError } from './origins';
import { robustRidge } from './ridge';
import type { Baseline, Prediction } from './baseline';
import type { Workload } from './workload';

/** Last values of the same phase, their mean, recent levels, changes and the week: all as distances from the baseline. */
const width = 11;
/** Rows of a fit: enough for 11 weights, few enough for 54 fits in 20 ms. */
const mostRows = 900;
/** Parts of the horizon that share weights, on a logarithmic scale: near steps differ more than far ones. */
const parts = 6;
const samePhases = 7;

interface Part {
  /** Steps ahead, from 1: the first, and the one after the last. */
  from: number;
  to: number;
  weights: Float64Array;
}

/**
 * Direct regression: each part of the horizon has its own weights from recent levels and seasonal lags, as distances from
 * the baseline, to the distance from the baseline that followed. Two more fits, on the history before the first origin and
 * before the middle one, make the backtest honest. Undefined when the history is too short to fit.
 */
export function predictRegression(work: Workload, baseline: Baseline): Prediction | undefined {
  const { origins } = work;
  const count = work.load.values.length;
  const describe = describer(work, baseline);
  const half = Math.ceil(origins.at.length / 2);
  const last = fitParts(work, baseline, describe, count);
  const early = fitParts(work, baseline, describe, origins.at[0] ?? 0);
  const late = origins.at.length > 3 ? fitParts(work, baseline, describe, origins.at[half]!) : early;
  if (!last || !early) return undefined;
  const path = (at: number, fitted: readonly Part[]) => pathFrom(work, baseline, describe, at, fitted);
  const paths = origins.at.map((at, origin) => path(at, origin >= half && late ? late : early));
  return {
    paths,
    now: path(count, last),
    error: meanError(work.load.values, origins, paths),
    says: 'The short-term trend (regression on recent levels and the same time of earlier days)',
  };
}

/** Writes the features of a moment and a step ahead of it into `into`, from `place` on. */
type Describe = (at: number, ahead: number, into: Float64Array, place: number) => void;

function describer({ load, calendar, origins }: Workload, { levels }: Baseline): Describe {
  const { values } = load;
  const { period, longPeriod } = calendar;
  const sums = new Float64Array(values.length + 1);
  for (let i = 0; i < values.length; i++) sums[i + 1] = sums[i]! + values[i]!;
  const recent = (at: number, steps: number) => {
    const from = Math.max(0, at - steps);
    return at > from ? (sums[at]! - sums[from]!) / (at - from) : values[0]!;
  };
  const hour = Math.max(2, Math.round(period / 24));
  const quarter = Math.max(2, Math.round(period / 4));
  const weeks = usesWeeks(values.length, origins.horizon, calendar);
  return (at, ahead, into, place) => {
    const level = levels[at]!;
    const target = at + ahead - 1;
    const cycles = Math.ceil(ahead / period);
    let sum = 0;
    let seen = 0;
    for (; seen < samePhases; seen++) {
      const same = target - (cycles + seen) * period;
      if (same < 0) break;
      const distance = values[same]! - level;
      sum += distance;
      if (seen < 3) into[place + seen] = distance;
    }
    const usual = seen > 0 ? sum / seen : 0;
    for (let missing = seen; missing < 3; missing++) into[place + missing] = usual;
    const week = target - Math.ceil(ahead / longPeriod) * longPeriod;
    const weekAgo = at - longPeriod;
    into[place + 3] = usual;
    into[place + 4] = values[at - 1]! - level;
    into[place + 5] = recent(at, hour) - level;
    into[place + 6] = recent(at, quarter) - level;
    into[place + 7] = at > period ? recent(at, hour) - recent(at - period, hour) : 0;
    into[place + 8] = at > period ? recent(at, period) - recent(at - period, period) : 0;
    into[place + 9] = weeks && week >= 0 ? values[week]! - level : usual;
    into[place + 10] = weeks && weekAgo > hour ? recent(at, quarter) - recent(weekAgo, quarter) : 0;
  };
}

const usesWeeks = (count: number, horizon: number, { period, longPeriod }: Workload['calendar']): boolean =>
  count >= longPeriod + horizon + 2 * period;

function fitParts(work: Workload, baseline: Baseline, describe: Describe, end: number): Part[] | undefined {
  const { horizon } = work.origins;
  const edges = Array.from({ length: parts + 1 }, (_, i) => Math.round((horizon + 1) ** (i / parts)));
  const fitted: Part[] = [];
  for (const [i, from] of edges.slice(0, -1).entries()) {
    const to = edges[i + 1]!;
    if (to === from) continue;
    const weights = fit(work, baseline, describe, end, { from, to });
    if (!weights) return undefined;
    fitted.push({ from, to, weights });
  }
  return fitted;
}

function fit(
  { load, calendar, origins }: Workload,
  { levels }: Baseline,
  describe: Describe,
  end: number,
  { from, to }: Omit<Part, 'weights'>,
): Float64Array | undefined {
  const weeks = usesWeeks(load.values.length, origins.horizon, calendar);
  const first = Math.min(weeks ? calendar.longPeriod + 1 : 3 * calendar.period + 1, Math.floor(end * 0.6));
  const moments = end - Math.max(1, first) - to;
  if (moments < 4 * width) return undefined;
  const rows = Math.min(mostRows, moments);
  const features = new Float64Array(rows * width);
  const targets = new Float64Array(rows);
  for (let row = 0; row < rows; row++) {
    const at = Math.floor(Math.max(1, first) + ((row + 0.5) * moments) / rows);
    const ahead = from + ((row * 7) % (to - from));
    describe(at, ahead, features, row * width);
    targets[row] = load.values[at + ahead - 1]! - levels[at]!;
  }
  return robustRidge({ features, targets, width });
}

function pathFrom(
  work: Workload,
  { levels }: Baseline,
  describe: Describe,
  at: number,
  fitted: readonly Part[],
): Float64Array {
  const path = new Float64Array(work.origins.horizon);
  const features = new Float64Array(width);
  for (const { from, to, weights } of fitted)
    for (let ahead = from; ahead < to; ahead++) {
      describe(at, ahead, features, 0);
      let value = levels[at]!;
      for (let i = 0; i < width; i++) value += weights[i]! * features[i]!;
      path[ahead - 1] = value;
    }
  return path;
}
