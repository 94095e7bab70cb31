import { SimpleLinearRegression } from 'ml-regression';
import type { Baseline, Prediction } from './baseline';
import { meanError } from './origins';
import type { Workload } from './workload';

/** The line is followed half as far after this share of the horizon: a trend that is believed for ever is always wrong. */
const halfLife = 1 / 4;

/**
 * A straight line through the last distances from the baseline, as many as the horizon has steps; added to the baseline and
 * fading. For histories too short for a regression, and for loads that simply rise.
 */
export function predictLine(work: Workload, baseline: Baseline): Prediction {
  const { load, origins } = work;
  const { horizon } = origins;
  const fade = 0.5 ** (1 / Math.max(1, horizon * halfLife));
  const path = (at: number, from: Float64Array) => {
    const window = Math.min(at, Math.max(10, horizon));
    const steps = Array.from({ length: window }, (_, i) => i);
    const distances = steps.map((i) => load.values[at - window + i]! - baseline.levels[at - window + i]!);
    const line = new SimpleLinearRegression(steps, distances);
    return from.map((value, i) => value + fade ** (i + 1) * line.predict(window + i));
  };
  const paths = origins.at.map((at, origin) => path(at, baseline.paths[origin]!));
  return {
    paths,
    now: path(load.values.length, baseline.now),
    error: meanError(load.values, origins, paths),
    says: 'The short-term trend (a fading line)',
  };
}
