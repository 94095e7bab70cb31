import { median } from './statistics';
import { predictPath, profileAt, startFilter, type FilterState } from './filterState';
import type { Workload } from './workload';

/** How one filter reads a load. Gains are shares of the error that is taken over. */
export interface FilterSettings {
  /** Shapes: none; one for all days; one each for working and rest days; one day and one week. */
  profile: 'none' | 'daily' | 'weekend' | 'weekly';
  profileGain: number;
  /** Phases to each side that share what one phase learned. */
  profileSpread: number;
  logarithmic: boolean;
  levelGain: number;
  /** What is above or below the level for a while. */
  deviationGain: number;
  /** Steps after which half of a deviation is gone. */
  deviationHalfLife: number;
  /** Steps after which half of the distance between the filter's level and the baseline is gone. */
  anchorHalfLife: number;
  /** Errors count as at most this many typical ones. */
  clip: number;
  /** Errors in a row, of one sign, that make a shift of the level; 0: never. */
  shiftRun: number;
}

/** What one filter says: a path for each origin and one from now, in the unit of the load. */
export interface Filtered {
  paths: Float64Array[];
  now: Float64Array;
  /** The level before each step and after the last, in the filter's own (perhaps logarithmic) unit; only where there was no anchor. */
  levels: Float64Array;
}

/** The share of what a working day learned that rest days learn too, and the reverse. */
const sharedLearning = 0.3;
const weeklyGain = 0.2;
/** An error of this many typical ones may be part of a shift. */
const shiftError = 1.5;

/**
 * One causal pass over the load: level, decaying deviation and profiles, corrected by each error. Nothing is fitted, so one
 * pass gives the path of every origin. With a baseline the level is drawn towards the baseline's all the time, in the past
 * and along the path. Undefined when the load cannot be read so.
 */
export function runFilter(work: Workload, asked: FilterSettings, anchor?: Float64Array): Filtered | undefined {
  const { calendar, origins } = work;
  const settings = inOneShape(asked);
  const values = settings.logarithmic ? work.logarithms : work.load.values;
  const count = values.length;
  if (settings.profile === 'weekly' && count < 1.5 * calendar.longPeriod) return undefined;
  const state = startFilter(work, settings, values, anchor);
  const levels = new Float64Array(anchor ? 0 : count + 1);
  const paths: Float64Array[] = [];
  const from = settings.profile === 'none' ? 1 : calendar.period;
  levels.fill(state.level, 0, from);
  let next = 0;
  for (let step = from; step < count; step++) {
    if (!anchor) levels[step] = state.level;
    if (origins.at[next] === step) {
      paths.push(predictPath(work, settings, state, step, anchor?.[step]));
      next++;
    }
    learn(work, settings, state, step, values[step]!);
    if (anchor) state.level += state.pull * (anchor[step + 1]! - state.level);
  }
  if (!anchor) levels[count] = state.level;
  return paths.length === origins.at.length
    ? { paths, now: predictPath(work, settings, state, count, anchor?.[count]), levels }
    : undefined;
}

/** The loop reads them at each step: objects of one shape save a third of its time. */
const inOneShape = (settings: FilterSettings): FilterSettings => ({
  profile: settings.profile,
  profileGain: settings.profileGain,
  profileSpread: settings.profileSpread,
  logarithmic: settings.logarithmic,
  levelGain: settings.levelGain,
  deviationGain: settings.deviationGain,
  deviationHalfLife: settings.deviationHalfLife,
  anchorHalfLife: settings.anchorHalfLife,
  clip: settings.clip,
  shiftRun: settings.shiftRun,
});

/** Takes one value in: a shift if enough errors say so, else a correction of everything by its gain. */
function learn(work: Workload, settings: FilterSettings, state: FilterState, step: number, value: number): void {
  const deviation = state.decay * state.deviation;
  const error = value - (state.level + deviation + profileAt(work, settings, state, step));
  if (settings.shiftRun > 0 && shifted(state, error)) return;
  const size = Math.abs(error);
  const most = settings.clip * state.typicalError;
  const taken = error > most ? most : error < -most ? -most : error;
  state.typicalError += 0.02 * (Math.min(size, 4 * state.typicalError) - state.typicalError);
  if (state.typicalError < 1e-9) state.typicalError = 1e-9;
  state.level += settings.levelGain * taken;
  state.deviation = deviation + settings.deviationGain * taken;
  if (settings.profile !== 'none') learnProfile(work, settings, state, step, taken * state.profileShare);
}

/** So many errors in a row of one sign are no accident: the level jumps by their median. */
function shifted(state: FilterState, error: number): boolean {
  const sign = Math.abs(error) > shiftError * state.typicalError ? Math.sign(error) : 0;
  if (sign === 0 || sign !== state.runSign) state.run = 0;
  state.runSign = sign;
  if (sign === 0) return false;
  state.runErrors[state.run++] = error;
  if (state.run < state.runErrors.length) return false;
  state.level += median(state.runErrors);
  state.deviation = 0;
  state.run = 0;
  state.runSign = 0;
  return true;
}

function learnProfile(work: Workload, settings: FilterSettings, state: FilterState, step: number, error: number): void {
  const { period, longPeriod, restDay } = work.calendar;
  const { kernel, profiles, long } = state;
  const rest = settings.profile === 'weekend' ? restDay[step]! : 0;
  const own = profiles[rest]!;
  const phase = step % period;
  const reach = kernel.length >> 1;
  const learned = settings.profileGain * error;
  for (let j = 0; j < kernel.length; j++) {
    const near = phase + j - reach;
    own[near < 0 ? near + period : near >= period ? near - period : near]! += learned * kernel[j]!;
  }
  if (settings.profile === 'weekend') profiles[1 - rest]![phase]! += learned * sharedLearning;
  if (settings.profile === 'weekly') long[step % longPeriod]! += weeklyGain * error;
}
