import { bandsOf } from './bands';
import { predictBaseline, type Baseline, type Prediction } from './baseline';
import { meanError } from './origins';
import { predictSeasonality } from './seasonality';
import { reasonsOf } from './reasons';
import { measured, within, type Load, type Series } from './series';
import { mean } from './statistics';
import { literalModels, sharesModels } from './simpleSchemes';
import { predictTrend } from './trend';
import { workloadOf, type Workload } from './workload';

/** The three models, in the order in which a tie is decided: the simplest that is no worse wins. */
export const modelNames = ['baseline', 'seasonality', 'trend'] as const;
export type ModelName = (typeof modelNames)[number];

/** The three models as predictions from one baseline; those that the history is too short for are missing. */
export type Models = { baseline: Prediction } & Partial<Record<ModelName, Prediction>>;

/** What a forecast is asked for. */
export interface Question {
  series: Series;
  /** Steps ahead. */
  horizon: number;
  /** Bands, in percent: 80 holds eight of ten. */
  levels: readonly number[];
  /**
   * `adjusted` unless said otherwise. `shares` splits a coarse total, as the patent's claims have it; `literal` is the
   * patent's scheme with the simplest of everything, to compare with.
   */
  scheme?: Scheme;
}
export const schemes = ['adjusted', 'shares', 'literal'] as const;
export type Scheme = (typeof schemes)[number];

/** What was found by standing at moments of the past and looking the whole horizon ahead. Errors in the unit of the load. */
export interface Backtest {
  origins: number;
  /** Mean absolute error of each model. */
  errors: Partial<Record<ModelName, number>>;
  /** The same of "as at this time yesterday". */
  naive: number;
  /** The chosen model's error as a share of the naive one; below 1 it is better. Undefined without a backtest. */
  ratio?: number;
}

/** A forecast with its evidence. */
export interface Forecast {
  /** When the first step begins. */
  startMs: number;
  stepMs: number;
  mean: number[];
  /** From the narrowest to the widest, each around the one before. */
  bands: { level: number; lower: number[]; upper: number[] }[];
  /** The most accurate of the three. */
  model: ModelName;
  /** What the chosen model says is this baseline plus its adjustment of each step. */
  baseline: number[];
  adjustments: number[];
  candidates: Partial<Record<ModelName, number[]>>;
  backtest: Backtest;
  /** One sentence. */
  why: string;
  /** Why nobody should act on it; undefined when it beats seasonal naive. */
  caution?: string;
  filled: number;
}

/** Too few values for any model: they get their median. */
const leastValues = 5;

/**
 * Forecasts a load: one baseline is predicted and stored; seasonality, short-term trend and the baseline itself adjust it;
 * the one that was most accurate in a rolling-origin backtest on the same horizon is applied. Undefined without an observation.
 */
export function forecast({ series, horizon, levels, scheme = 'adjusted' }: Question): Forecast | undefined {
  const work = workloadOf(series, horizon);
  if (!work) return undefined;
  const models = made[scheme](work);
  return applyBest(
    work,
    models,
    levels.toSorted((a, b) => a - b),
  );
}

const made: Record<Scheme, (work: Workload) => Models> = {
  adjusted: (work) => modelsOf(work, readyBaseline(work)),
  shares: sharesModels,
  literal: literalModels,
};

/** The baseline prediction; of a load that is too short or never changes, a flat one. */
export function readyBaseline(work: Workload): Baseline {
  const { values } = work.load;
  if (values.length >= leastValues && values.some((value) => value !== values[0])) return predictBaseline(work);
  const level = values.toSorted()[values.length >> 1]!;
  const flat = () => new Float64Array(work.origins.horizon).fill(level);
  const paths = work.origins.at.map(flat);
  const levelsEver = new Float64Array(values.length + 1).fill(level);
  return {
    levels: levelsEver,
    paths,
    now: flat(),
    error: meanError(values, work.origins, paths),
    says: 'The baseline, which is flat',
  };
}

/** Every model is made from the stored baseline: another baseline makes other models. */
export function modelsOf(work: Workload, baseline: Baseline): Models {
  const { values } = work.load;
  if (values.length < leastValues || values.every((value) => value === values[0])) return { baseline };
  const seasonality = predictSeasonality(work, baseline);
  return { baseline, ...(seasonality && { seasonality }), trend: predictTrend(work, baseline) };
}

function applyBest(work: Workload, models: Models, levels: readonly number[]): Forecast {
  const { load, origins } = work;
  const there = modelNames.filter((name) => models[name]);
  const model = there.reduce((best, name) => (models[name]!.error < models[best]!.error ? name : best));
  const bounded = (path: Float64Array) => path.map((value) => within(load, value));
  const chosen = { ...models[model]!, now: bounded(models[model]!.now) };
  const baseline = inUnit(load, bounded(models.baseline.now));
  const best = inUnit(load, chosen.now);
  const tested = Number.isFinite(models[model]!.error);
  const naive = load.scale * naiveError(work);
  const backtest: Backtest = {
    origins: origins.at.length,
    errors: Object.fromEntries(there.map((name) => [name, load.scale * models[name]!.error])),
    naive,
    ...(tested && naive > 0 && { ratio: (load.scale * models[model]!.error) / naive }),
  };
  return {
    startMs: load.startMs + load.values.length * load.stepMs,
    stepMs: load.stepMs,
    mean: best,
    bands: bandsOf(work, chosen, levels).map(({ level, lower, upper }) => ({
      level,
      lower: inUnit(load, lower),
      upper: inUnit(load, upper),
    })),
    model,
    baseline,
    adjustments: best.map((value, i) => value - baseline[i]!),
    candidates: Object.fromEntries(there.map((name) => [name, inUnit(load, bounded(models[name]!.now))])),
    backtest,
    ...reasonsOf(models, model, backtest, work.calendar),
    filled: load.filled,
  };
}

/** What was never negative does not become so by rounding. */
const inUnit = (load: Load, path: Float64Array): number[] =>
  Array.from(path, (value) => (load.shift >= 0 ? Math.max(0, measured(load, value)) : measured(load, value)));

/** The error of "as at this time one cycle ago" over the same origins. */
function naiveError({ load, calendar, origins }: Workload): number {
  const { values } = load;
  const paths = origins.at.map((at) =>
    Float64Array.from(
      { length: origins.horizon },
      (_, i) => values[at - calendar.period + (i % calendar.period)] ?? mean(values),
    ),
  );
  return meanError(values, origins, paths);
}
