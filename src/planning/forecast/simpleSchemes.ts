import { SimpleLinearRegression } from 'ml-regression';
import type { Prediction } from './baseline';
import { meanError } from './origins';
import { measured } from './series';
import { mean } from './statistics';
import type { Workload } from './workload';

/** The three models of a simple scheme, each a prediction. */
export type SimpleModels = Record<'baseline' | 'seasonality' | 'trend', Prediction>;

/** What a scheme says when it stands before `at` of a load in its own unit: shares and indexes need the true zero. */
type Scheme = (values: Float64Array, at: number) => Record<keyof SimpleModels, Float64Array>;

/**
 * The patent's scheme taken word by word, for comparison: the baseline is the mean of the last cycle; model 1 multiplies it
 * by the usual index of each phase; model 2 adds what a straight line through the last horizon adds; model 3 leaves it.
 */
export function literalModels(work: Workload): SimpleModels {
  const { period } = work.calendar;
  const { horizon } = work.origins;
  const names = {
    baseline: 'The mean of the last cycle',
    seasonality: 'The usual shape of a cycle',
    trend: 'A straight line',
  };
  return backtested(work, names, (values, at) => {
    const level = mean(values.subarray(Math.max(0, at - period), at));
    const index = phaseIndex(values.subarray(0, at), period);
    const window = Math.min(at, Math.max(10, horizon));
    const steps = Array.from({ length: window }, (_, i) => i);
    const line = new SimpleLinearRegression(steps, Array.from(values.subarray(at - window, at)));
    const path = (valueAt: (ahead: number) => number) => Float64Array.from({ length: horizon }, (_, i) => valueAt(i));
    return {
      baseline: path(() => level),
      seasonality: path((ahead) => level * index[(at + ahead) % period]!),
      trend: path((ahead) => level + line.predict(window + ahead) - line.predict(window - 1)),
    };
  });
}

/** What each phase is of its cycle's mean, on average over the whole cycles. */
function phaseIndex(values: Float64Array, period: number): Float64Array {
  const index = new Float64Array(period);
  const cycles = Math.floor(values.length / period);
  if (cycles < 1) return index.fill(1);
  const first = values.length - cycles * period;
  for (let from = first; from < values.length; from += period) {
    const level = mean(values.subarray(from, from + period));
    for (let step = from; step < from + period; step++)
      index[step % period]! += (level > 0 ? values[step]! / level : 1) / cycles;
  }
  return index;
}

/** Half of a day's distance to the smoothed total is taken over. */
const smoothing = 0.5;
/** A cycle counts this much less than the one after it. */
const older = 0.85;

/**
 * The claims' other reading: the baseline is a coarse total for a whole cycle, smoothed from cycle to cycle, and every model
 * splits it by shares. Model 1 by the shares that the phases usually have; model 2 by those of the last two cycles, moved by
 * how the last hours compare with them; model 3 evenly.
 */
export function sharesModels(work: Workload): SimpleModels {
  const { period } = work.calendar;
  const { horizon } = work.origins;
  const names = {
    baseline: 'The total of a cycle, split evenly',
    seasonality: 'The total of a cycle, split by usual shares',
    trend: 'The total of a cycle, split by the last shares',
  };
  return backtested(work, names, (values, at) => {
    const { total, usual, recent } = sharesBefore(values, at, period);
    const window = Math.max(1, Math.min(at, Math.round(period / 8)));
    let [seen, expected] = [0, 0];
    for (let step = at - window; step < at; step++) {
      seen += values[step]!;
      expected += total * recent[step % period]!;
    }
    const ratio = expected > 0 ? Math.min(3, Math.max(1 / 3, seen / expected)) : 1;
    const path = (shareAt: (step: number, ahead: number) => number) =>
      Float64Array.from({ length: horizon }, (_, ahead) => total * shareAt((at + ahead) % period, ahead));
    return {
      baseline: path(() => 1 / period),
      seasonality: path((phase) => usual[phase]!),
      trend: path((phase, ahead) => recent[phase]! * (1 + (ratio - 1) * 0.5 ** ((4 * ahead) / period))),
    };
  });
}

/** The smoothed total of a cycle, and the shares of each phase: usual ones, and those of the last two cycles. */
function sharesBefore(values: Float64Array, at: number, period: number) {
  const cycles = Math.max(1, Math.floor(at / period));
  const first = Math.max(0, at - cycles * period);
  const usual = new Float64Array(period);
  const recent = new Float64Array(period);
  let total: number | undefined;
  let weight = 0;
  for (let cycle = 0; cycle < cycles; cycle++) {
    const from = first + cycle * period;
    const own = mean(values.subarray(from, Math.min(at, from + period))) * period;
    total = total === undefined ? own : total + smoothing * (own - total);
    const counts = older ** (cycles - 1 - cycle);
    weight += counts;
    for (let step = from; step < Math.min(at, from + period); step++) {
      const share = own > 0 ? values[step]! / own : 1 / period;
      usual[step % period]! += counts * share;
      if (cycle >= cycles - 2) recent[step % period]! += share / Math.min(2, cycles);
    }
  }
  return { total: total!, usual: usual.map((each) => each / weight), recent };
}

function backtested(work: Workload, names: Record<keyof SimpleModels, string>, scheme: Scheme): SimpleModels {
  const { load, origins } = work;
  const values = load.values.map((value) => measured(load, value));
  const past = origins.at.map((at) => scheme(values, at));
  const last = scheme(values, values.length);
  const inItsUnit = (path: Float64Array) => path.map((value) => (value - load.shift) / load.scale);
  const predicted = (model: keyof SimpleModels): Prediction => {
    const paths = past.map((each) => inItsUnit(each[model]));
    return { paths, now: inItsUnit(last[model]), error: meanError(load.values, origins, paths), says: names[model] };
  };
  return { baseline: predicted('baseline'), seasonality: predicted('seasonality'), trend: predicted('trend') };
}
