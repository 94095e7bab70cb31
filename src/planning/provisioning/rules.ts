import type { ProvisioningPolicy } from './policy';
import { unitsFor } from './wish';

/** A rule that looks at load before `step` only. `load` of later steps is there, and reading it would be cheating. */
export type Rule = (load: Float64Array, step: number, current: number) => number;

/** The units that the week before the replay would have needed at its peak, for ever. */
export function staticPeak(load: Float64Array, from: number, stepsADay: number, { unit }: ProvisioningPolicy): Rule {
  const peak = load.subarray(Math.max(0, from - 7 * stepsADay), from).reduce((most, value) => Math.max(most, value), 0);
  const units = unitsFor(peak, unit);
  return () => units;
}

/** Inside this share of its target the Kubernetes rule does nothing. */
const tolerance = 0.1;

/** The rule of the Kubernetes HorizontalPodAutoscaler: target use, tolerance, at most twice or four more, and 5 minutes' patience downwards. */
export function horizontalPodAutoscaler({ unit }: ProvisioningPolicy, target = 0.7): Rule {
  let before = 0;
  return (load, step, current) => {
    const ratio = load[step - 1]! / (current * unit) / target;
    const wanted = Math.abs(ratio - 1) <= tolerance ? current : Math.ceil(current * ratio - 1e-9);
    const wish = Math.min(wanted, Math.max(2 * current, current + 4));
    const held = wish < current ? Math.max(wish, before) : wish;
    before = wish;
    return held;
  };
}

/** What this time of yesterday needed, and a fifth more. */
export function sameAsYesterday(stepsADay: number, { unit, leadSteps }: ProvisioningPolicy, more = 1.2): Rule {
  return (load, step) => {
    const from = step + leadSteps - stepsADay;
    return unitsFor(Math.max(...load.subarray(Math.max(0, from), Math.min(step, from + 3)), 0) * more, unit);
  };
}
