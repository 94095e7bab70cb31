import type { SaidForecast } from '../../contract/outlook';
import type { Series } from './series';

/** What a forecast promised against what came, as far as it came. */
export interface Kept {
  /** Steps that were promised and measured. */
  steps: number;
  /** Share of them inside each band, by its level. */
  inside: { level: number; share: number }[];
  /** Mean absolute error, in the unit of the load. */
  meanError: number;
  /** Mean of what came. */
  meanLoad: number;
}

/** Holds a forecast against the load that was measured since. Undefined while nothing of it has come. */
export function keptBy({ startMs, stepMs, mean, bands }: SaidForecast, came: Series): Kept | undefined {
  const pairs = mean.flatMap((promised, ahead) => {
    const value = came.values[Math.round((startMs + ahead * stepMs - came.startMs) / came.stepMs)];
    return typeof value === 'number' ? [{ promised, value, ahead }] : [];
  });
  if (stepMs !== came.stepMs || pairs.length === 0) return undefined;
  const meanOf = (of: (pair: (typeof pairs)[number]) => number) =>
    pairs.reduce((sum, pair) => sum + of(pair), 0) / pairs.length;
  return {
    steps: pairs.length,
    inside: bands.map(({ level, lower, upper }) => ({
      level,
      share: meanOf(({ value, ahead }) => Number(value >= lower[ahead]! && value <= upper[ahead]!)),
    })),
    meanError: meanOf(({ promised, value }) => Math.abs(promised - value)),
    meanLoad: meanOf(({ value }) => value),
  };
}
