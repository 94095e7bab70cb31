import type { Baseline, Prediction } from './baseline';
import { predictLine } from './line';
import { predictRegression } from './regression';
import type { Workload } from './workload';

/** Model 2: the baseline with the short-term trend, by direct regression or by a fading line, whichever was nearer. */
export function predictTrend(work: Workload, baseline: Baseline): Prediction {
  const line = predictLine(work, baseline);
  const { period } = work.calendar;
  const enough = work.origins.at.length >= 2 && work.load.values.length >= 4 * period + work.origins.horizon;
  const regression = enough ? predictRegression(work, baseline) : undefined;
  return regression && regression.error <= line.error ? regression : line;
}
