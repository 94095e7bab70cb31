import type { Prediction } from './baseline';
import { mean, quantile } from './statistics';
import type { Load } from './series';
import type { Workload } from './workload';

/** Where the load stays with a probability of `level` percent, step by step. */
export interface Band {
  level: number;
  lower: Float64Array;
  upper: Float64Array;
}

/** The model was chosen for these very errors, so the next ones are larger. Measured on the public series. */
const selectionOptimism = 1.12;
const quarters = 4;
/** Fewer errors than this have no quantile worth the name. */
const leastErrors = 8;

/** Bands around the path from now, from the errors that the same model made at the rolling origins. */
export function bandsOf(work: Workload, { paths, now }: Prediction, levels: readonly number[]): Band[] {
  const { load, calendar, origins } = work;
  const { values } = load;
  const usual = usualErrors(work, paths);
  const parts = Math.min(quarters, origins.horizon);
  const sorted = Array.from({ length: parts }, (_, part) => partErrors(work, paths, usual, part, parts));
  const step = mean(values.map((value, i) => (i > 0 ? Math.abs(value - values[i - 1]!) : 0)));
  const distances = (ahead: number, share: number): number => {
    const errors = sorted[Math.min(parts - 1, Math.floor((ahead * parts) / origins.horizon))]!;
    if (errors.length >= leastErrors) return quantile(errors, share) * selectionOptimism;
    return (share < 0.5 ? -1 : 1) * walkWidth(share) * step * Math.sqrt(ahead + 1);
  };
  return levels.map((level) => {
    const tail = (1 - level / 100) / 2;
    const side = (share: number, worst: (a: number, b: number) => number) =>
      now.map((value, ahead) => {
        const spread = usual[(values.length + ahead) % calendar.period]!;
        return bounded(load, value + worst(0, distances(ahead, share) * spread));
      });
    return { level, lower: side(tail, Math.min), upper: side(1 - tail, Math.max) };
  });
}

const bounded = ({ lowest }: Load, value: number): number => Math.max(lowest, value);

/** Widths of a random walk's band in mean steps, nearly normal: 1.6 for 80 %, 2.2 for 95 %. */
const walkWidth = (share: number): number =>
  0.9 * Math.sqrt(Math.max(0, -2 * Math.log(2 * Math.min(share, 1 - share) + 1e-9)));

/** How far off the model usually is at each phase, smoothed over an hour or so, drawn to the mean where little was seen. */
function usualErrors({ load, calendar, origins }: Workload, paths: readonly Float64Array[]): Float64Array {
  const { period } = calendar;
  const even = new Float64Array(period).fill(1);
  if (origins.at.length < 4 || period < 2) return even;
  const sums = new Float64Array(period);
  const counts = new Float64Array(period);
  for (const [origin, at] of origins.at.entries())
    for (let i = 0; i < origins.horizon && at + i < load.values.length; i++) {
      sums[(at + i) % period]! += Math.abs(load.values[at + i]! - paths[origin]![i]!);
      counts[(at + i) % period]! += 1;
    }
  const reach = Math.max(1, Math.round(period / 24));
  const overall = mean(sums) / (mean(counts) || 1);
  if (overall === 0) return even;
  return even.map((_, phase) => {
    let [sum, count] = [overall * 6 * reach, 6 * reach];
    for (let near = phase - reach; near <= phase + reach; near++) {
      sum += sums[(near + period) % period]!;
      count += counts[(near + period) % period]!;
    }
    return sum / count;
  });
}

/** Sorted errors of one part of the horizon and half of its neighbours, in usual errors of their phase. */
function partErrors(
  { load, calendar, origins }: Workload,
  paths: readonly Float64Array[],
  usual: Float64Array,
  part: number,
  parts: number,
): Float64Array {
  const width = origins.horizon / parts;
  const from = Math.max(0, Math.ceil((part - 0.5) * width));
  const to = Math.min(origins.horizon, Math.floor((part + 1.5) * width) + 1);
  const errors: number[] = [];
  for (const [origin, at] of origins.at.entries())
    for (let i = from; i < to && at + i < load.values.length; i++)
      errors.push((load.values[at + i]! - paths[origin]![i]!) / usual[(at + i) % calendar.period]!);
  return Float64Array.from(errors).sort();
}
