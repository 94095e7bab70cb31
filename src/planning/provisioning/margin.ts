import { needAt, unitsFor } from './wish';
import type { View } from './view';

/** Hours of the past in which each margin is tried. Fewer forget rare peaks, more remember shapes that are gone. */
const tried = 60;
/** A day at least, or what was observed says too little. */
const leastDays = 1;
/** What is allowed is aimed at by half: the future is worse than the past that a margin was chosen on. */
const aim = 0.5;
const margins = [0.25, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1, 1.1, 1.2, 1.35, 1.5, 1.75, 2, 2.5, 3];

/**
 * Corrects the quantile from observed coverage: the smallest margin with which the same decisions, made with the forecasts
 * that were there then, would have left the load above the capacity no oftener than the aim. Undefined when less than a day
 * of forecasts can be held against what came.
 */
export function marginOf(view: View): number | undefined {
  const { policy, load, stepsADay } = view;
  const end = load.length;
  const first = view.newest.findIndex((place) => place >= 0);
  const from = Math.max(1, first + policy.downAfter, end - Math.round((tried / 24) * stepsADay));
  if (first < 0 || end - from < leastDays * stepsADay) return undefined;
  const allowed = aim * policy.slo * (end - from);
  return margins.find((margin) => violations(view, margin, from, end) <= allowed) ?? margins.at(-1);
}

/** Steps in which the load would have been above the capacity. Decisions are in force `leadSteps` later. */
function violations(view: View, margin: number, from: number, end: number): number {
  const { policy, load } = view;
  const wishes: number[] = [];
  let count = 0;
  for (let at = from; at + policy.leadSteps < end; at++) {
    const need = needAt(view, at, margin);
    wishes.push(need === undefined ? Infinity : unitsFor(need, policy.unit));
    if (wishes.length > policy.downAfter) wishes.shift();
    const capacity = Math.min(policy.max, Math.max(policy.min, ...wishes)) * policy.unit;
    if (load[at + policy.leadSteps]! > capacity * (1 + 1e-9)) count++;
  }
  return count;
}
