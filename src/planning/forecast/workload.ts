import { calendarOf, stepsOfDay, type Calendar } from './calendar';
import { rollingOrigins, type Origins } from './origins';
import { readyLoad, type Load, type Series } from './series';
import { mean, median } from './statistics';

/** All that the models look at: the load, its calendar and the origins at which they are judged. */
export interface Workload {
  load: Load;
  calendar: Calendar;
  origins: Origins;
  /** Logarithm of (value + offset): a load whose swings grow with its level has even swings here. */
  logarithms: Float64Array;
  logarithmOffset: number;
}

export function workloadOf(series: Series, horizon: number): Workload | undefined {
  const load = readyLoad(series, stepsOfDay);
  if (!load) return undefined;
  const calendar = calendarOf(load, horizon);
  const offset = 0.1 * median(load.values) + 0.01 * mean(load.values) + 1e-6;
  return {
    load,
    calendar,
    origins: rollingOrigins(load.values.length, horizon, calendar.period),
    logarithms: load.values.map((value) => Math.log(value + offset)),
    logarithmOffset: offset,
  };
}

/** Bounded, so that a filter that runs away is merely wrong. */
export const fromLogarithm = ({ logarithmOffset }: Workload, value: number): number =>
  Math.exp(Math.min(value, 50)) - logarithmOffset;

export const toLogarithm = ({ logarithmOffset }: Workload, value: number): number =>
  Math.log(Math.max(value + logarithmOffset, logarithmOffset));
