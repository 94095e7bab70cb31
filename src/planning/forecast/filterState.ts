import type { FilterSettings } from './filter';
import { mean } from './statistics';
import { fromLogarithm, type Workload } from './workload';

/** What a filter knows after some step. Numbers are in the filter's unit. */
export interface FilterState {
  level: number;
  deviation: number;
  /** A slow mean of the errors' size. */
  typicalError: number;
  /** Share of the deviation that is left after a step. */
  decay: number;
  /** Share of the distance to the baseline that is given up a step. */
  pull: number;
  profiles: Float64Array[];
  /** The profile of the longer cycle. */
  long: Float64Array;
  /** Weights of a triangle: how a phase shares what it learned with its neighbours. */
  kernel: Float64Array;
  /** Share of an error that the profiles learn from: what the deviation took is not learned twice. */
  profileShare: number;
  run: number;
  runSign: number;
  runErrors: Float64Array;
}

/** The first cycle gives the first profile, as its distance from the baseline, or from its mean where there is none. */
export function startFilter(
  { calendar }: Workload,
  settings: FilterSettings,
  values: Float64Array,
  anchor: Float64Array | undefined,
): FilterState {
  const { period, longPeriod } = calendar;
  const seasonal = settings.profile !== 'none';
  const first = values.subarray(0, Math.min(period, values.length));
  const level = mean(first);
  const kernel = triangle(Math.min(settings.profileSpread, period >> 2));
  const profile = seasonal ? smoothed(first, level, period, kernel) : new Float64Array(0);
  let changes = 0;
  for (let i = 1; i < first.length; i++) changes += Math.abs(first[i]! - first[i - 1]!);
  return {
    level,
    deviation: 0,
    typicalError: (1.5 * changes) / Math.max(1, first.length - 1) || 1e-9,
    decay: settings.deviationGain > 0 ? 0.5 ** (1 / settings.deviationHalfLife) : 0,
    pull: anchor ? 1 - 0.5 ** (1 / settings.anchorHalfLife) : 0,
    profiles: settings.profile === 'weekend' ? [profile, profile.slice()] : [profile],
    long: new Float64Array(settings.profile === 'weekly' ? longPeriod : 0),
    kernel,
    profileShare: settings.deviationGain > 0 ? Math.max(0.2, 1 - settings.deviationGain) : 1,
    run: 0,
    runSign: 0,
    runErrors: new Float64Array(settings.shiftRun),
  };
}

function triangle(reach: number): Float64Array {
  return Float64Array.from({ length: 2 * reach + 1 }, (_, j) => (1 - Math.abs(j - reach) / (reach + 1)) / (reach + 1));
}

function smoothed(first: Float64Array, level: number, period: number, kernel: Float64Array): Float64Array {
  const reach = kernel.length >> 1;
  return Float64Array.from({ length: period }, (_, phase) => {
    let sum = 0;
    for (let j = 0; j < kernel.length; j++) {
      const near = (phase + j - reach + period) % period;
      sum += kernel[j]! * ((first[near] ?? first[0]!) - level);
    }
    return sum;
  });
}

/** What the profiles add at a step. */
export function profileAt(
  { calendar }: Workload,
  { profile }: FilterSettings,
  state: FilterState,
  step: number,
): number {
  if (profile === 'none') return 0;
  const own = state.profiles[profile === 'weekend' ? calendar.restDay[step]! : 0]!;
  const daily = own[step % calendar.period]!;
  return profile === 'weekly' ? daily + state.long[step % calendar.longPeriod]! : daily;
}

/** The horizon as seen before `step`. `towards` is the baseline's level then. */
export function predictPath(
  work: Workload,
  settings: FilterSettings,
  state: FilterState,
  step: number,
  towards = state.level,
): Float64Array {
  const path = new Float64Array(work.origins.horizon);
  let { deviation } = state;
  let distance = state.level - towards;
  for (let i = 0; i < path.length; i++) {
    deviation *= state.decay;
    distance *= 1 - state.pull;
    const value = towards + distance + deviation + profileAt(work, settings, state, step + i);
    path[i] = settings.logarithmic ? fromLogarithm(work, value) : value;
  }
  return path;
}
