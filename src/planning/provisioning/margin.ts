import { needAt, reactiveNeed, unitsFor } from './wish';
import type { View } from './view';

/** Hours of the past in which each margin is tried. Fewer forget rare peaks, more remember shapes that are gone. */
const triedHours = 60;
/** What is allowed is aimed at by this share: the future is worse than the past that a margin was chosen on. */
const aim = 0.5;
const margins = [0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.35, 1.5, 1.75, 2, 2.5, 3];
const fullnesses = [0.95, 0.9, 0.85, 0.8, 0.75, 0.7, 0.65, 0.6, 0.55, 0.5, 0.45, 0.4];

/**
 * Corrects the quantile from observed coverage: the smallest margin with which the same decisions, made with the forecasts
 * that were there then, would have left the load above the capacity no oftener than the aim. Undefined when less than a day
 * of forecasts can be held against what came.
 */
export function marginOf(view: View): number | undefined {
  const first = view.newest.findIndex((place) => place >= 0);
  if (first < 0) return undefined;
  return mildest(view, margins, first, (step, margin) => needAt(view, step, margin));
}

/** The same for the reactive rule: the highest use at which it would have done well enough. Undefined before a day is known. */
export function fullnessOf(view: View): number | undefined {
  return mildest(view, fullnesses, 0, (step, fullness) => reactiveNeed(view, step, fullness));
}

function mildest(
  view: View,
  choices: readonly number[],
  first: number,
  needOf: (step: number, choice: number) => number | undefined,
): number | undefined {
  const { policy, stepsADay } = view;
  const end = corrected(view);
  const from = Math.max(1, first, end - Math.round((triedHours / 24) * stepsADay));
  if (end - from < stepsADay) return undefined;
  const allowed = aim * policy.slo * (end - from);
  const holds = (choice: number) => violations(view, from, end, allowed, (step) => needOf(step, choice)) <= allowed;
  return choices.find(holds) ?? choices.at(-1);
}

/** Corrected with each forecast, not with each step: one peak would raise the margin for the rest of that very peak. */
const corrected = ({ load, newest, outlooks }: View): number =>
  Math.min(load.length, outlooks[newest[load.length]!]?.start ?? load.length);

/** Steps in which the load would have been above the capacity, counted until they are too many. */
function violations(
  view: View,
  from: number,
  end: number,
  most: number,
  needOf: (step: number) => number | undefined,
): number {
  const { policy, load } = view;
  const wishes: number[] = [];
  let count = 0;
  for (let at = from; at + policy.leadSteps < end && count <= most; at++) {
    const need = needOf(at);
    wishes.push(need === undefined ? Infinity : unitsFor(need, policy.unit));
    if (wishes.length > policy.downAfter) wishes.shift();
    const capacity = Math.min(policy.max, Math.max(policy.min, ...wishes)) * policy.unit;
    if (load[at + policy.leadSteps]! > capacity * (1 + 1e-9)) count++;
  }
  return count;
}
