import type { Load } from './series';

/** The cycles that a load may follow, in steps. Whether it does is for the backtest to say. */
export interface Calendar {
  /** The shorter cycle, a day where days are seen; 1 when no cycle fits into the history twice. */
  period: number;
  /** The longer one, a week where the shorter one is a day. */
  longPeriod: number;
  /** Per step, horizon included: 1 on the two days of each week that differ most from the other five. */
  restDay: Uint8Array;
  /** Days are seen, so rest days mean something. */
  days: boolean;
}

const dayMs = 86_400_000;
const hourMs = 3_600_000;

/** Steps of a day; 1 when a day is not a whole number of steps. */
export const stepsOfDay = (stepMs: number): number => (stepMs < dayMs ? whole(dayMs / stepMs) : 1);

const whole = (steps: number): number => (Number.isInteger(steps) && steps >= 2 ? steps : 1);

/** The cycles of a load, from its step, its length and its own repetition. */
export function calendarOf(load: Load, horizon: number): Calendar {
  const { stepMs, values } = load;
  const count = values.length;
  const day = stepsOfDay(stepMs);
  const hour = stepMs < hourMs ? whole(hourMs / stepMs) : 1;
  const fits = (period: number) => period > 1 && count >= 2 * period;
  const none = new Uint8Array(count + horizon);
  if (stepMs >= dayMs) return { period: fits(7) ? 7 : 1, longPeriod: 7 * 52, restDay: none, days: false };
  const strange = strangePeriod(values, day);
  if (strange) return { period: strange, longPeriod: strange * 7, restDay: none, days: false };
  if (fits(day)) return { period: day, longPeriod: day * 7, restDay: restDays(load, day, horizon), days: true };
  if (fits(hour)) return { period: hour, longPeriod: hour * 24, restDay: none, days: false };
  return { period: 1, longPeriod: 1, restDay: none, days: false };
}

/** How much better than a day a cycle of another length must repeat before it is believed. */
const clearly = 0.2;
/** A cycle is looked for in this many last values: more costs time and adds nothing. */
const looked = 4_000;

/**
 * A cycle that no clock explains, such as a batch every seven hours: the lag at which the load repeats best, when that is
 * clearly better than a day and no whole number of it makes a day.
 */
function strangePeriod(values: Float64Array, day: number): number | undefined {
  const last = values.subarray(Math.max(0, values.length - looked));
  const longest = Math.min(day > 1 ? Math.floor(1.5 * day) : 200, Math.floor(last.length / 4));
  if (longest < 6) return undefined;
  const likeness = repetition(last, longest);
  let best = 0;
  let falling = false;
  for (let lag = 2; lag < longest; lag++) {
    falling ||= likeness[lag]! < 0.2;
    const peak = likeness[lag]! > likeness[lag - 1]! && likeness[lag]! >= likeness[lag + 1]!;
    if (falling && peak && likeness[lag]! > (best > 0 ? likeness[best]! + 0.01 : 0)) best = lag;
  }
  if (best < 3 || likeness[best]! < 0.5) return undefined;
  const asDay = day <= longest ? likeness[day]! : 0;
  const ofDay = day > 1 && Math.abs(day / best - Math.round(day / best)) * best < 1.5;
  return !ofDay && likeness[best]! > asDay + clearly ? best : undefined;
}

/** Autocorrelation by lag, 0 to `longest`. */
function repetition(values: Float64Array, longest: number): Float64Array {
  const centre = values.reduce((sum, value) => sum + value, 0) / values.length;
  const centred = values.map((value) => value - centre);
  const likeness = new Float64Array(longest + 1);
  for (let lag = 0; lag <= longest; lag++) {
    let sum = 0;
    for (let i = lag; i < centred.length; i++) sum += centred[i]! * centred[i - lag]!;
    likeness[lag] = sum / (centred.length - lag);
  }
  const power = likeness[0]! || 1;
  return likeness.map((each) => each / power);
}

/** Saturday and Sunday are Thursday (the first day of Unix time) plus 2 and 3. */
const saturday = 2;
/** By how much another pair of days must explain the load better before Saturday and Sunday are given up. */
const betterPair = 0.85;

/** The two neighbouring days of the week that differ most from the other five; in doubt Saturday and Sunday, in UTC. */
function restDays({ values, startMs, stepMs }: Load, day: number, horizon: number): Uint8Array {
  const weekdayAt = (step: number) => Math.floor((startMs + step * stepMs) / dayMs) % 7;
  const totals = Array.from({ length: 7 }, () => ({ sum: 0, count: 0 }));
  for (let step = 0; step < values.length; step++) {
    const total = totals[weekdayAt(step)]!;
    total.sum += values[step]!;
    total.count++;
  }
  const enough = totals.every(({ count }) => count >= 2 * day);
  const levels = totals.map(({ sum, count }) => sum / count);
  const misfit = (first: number) => {
    const rest = [levels[first]!, levels[(first + 1) % 7]!];
    const work = levels.filter((_, weekday) => weekday !== first && weekday !== (first + 1) % 7);
    return scatter(rest) + scatter(work);
  };
  let pair = saturday;
  if (enough)
    for (let first = 0; first < 7; first++)
      if (misfit(first) < Math.min(misfit(pair), betterPair * misfit(saturday))) pair = first;
  return Uint8Array.from({ length: values.length + horizon }, (_, step) =>
    Number(weekdayAt(step) === pair || weekdayAt(step) === (pair + 1) % 7),
  );
}

function scatter(values: readonly number[]): number {
  const centre = values.reduce((sum, value) => sum + value, 0) / values.length;
  return values.reduce((sum, value) => sum + (value - centre) ** 2, 0);
}
