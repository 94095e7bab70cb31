import { meanError } from './origins';
import { searchFilters, together } from './search';
import { meanPath } from './statistics';
import { fromLogarithm, type Workload } from './workload';

/** What a model says at each rolling origin and now, in the unit of the load, and how far off it was at the origins. */
export interface Prediction {
  paths: Float64Array[];
  now: Float64Array;
  /** Mean absolute error over the backtest; Infinity when the history is too short for one. */
  error: number;
  /** What it is, as the beginning of a sentence. */
  says: string;
}

/** The baseline prediction: made once, stored, and the ground of all three models. */
export interface Baseline extends Prediction {
  /** The level expected before each step and after the last one, knowing nothing later. */
  levels: Float64Array;
}

/** More would let filters in that do not fit. */
const averaged = 3;

/** The load without any cycle: the mean of the three best filters that know a level and a decaying deviation only. */
export function predictBaseline(work: Workload): Baseline {
  const best = searchFilters(work).slice(0, averaged);
  const { paths, now } = together(best);
  const levels = meanPath(
    best.map(({ levels: own, settings }) =>
      settings.logarithmic ? own.map((level) => fromLogarithm(work, level)) : own,
    ),
  );
  return {
    levels,
    paths,
    now,
    error: meanError(work.load.values, work.origins, paths),
    says: 'The baseline without any cycle',
  };
}
