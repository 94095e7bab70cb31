import { sightOf, type View } from './view';

/** Share of the last error that is still there one step later; measured on nine real 5-minute loads, .9 to 1 hardly differ. */
const carried = 0.95;
/** A forecast may not ask for more than this times what was ever seen: saturated loads have no upper tail. */
const everSeen = 1.02;

/**
 * Load to be ready for by a decision at `step`: the forecast over the time in which it is in force, moved by the last error
 * as far as that lasts, plus a margin (that many times the upper half of the 80 % band; without one, up to the end of the
 * 95 % band), never beyond what was ever seen, never below what the load of now needs. Undefined without a forecast.
 */
export function needAt(view: View, step: number, margin: number | undefined): number | undefined {
  const { policy, load, highest } = view;
  const sight = sightOf(view, step);
  const first = step + policy.leadSteps;
  const last = first + policy.holdSteps - 1;
  if (!sight || last - sight.start >= sight.mean.length) return undefined;
  const seen = load[step - 1]!;
  const error = errorAt(view, step - 1);
  let need = 0;
  for (let at = first; at <= last; at++) {
    const ahead = at - sight.start;
    const mean = sight.mean[ahead]!;
    const above = margin === undefined ? sight.upper95[ahead]! - mean : margin * (sight.upper80[ahead]! - mean);
    need = Math.max(need, mean + error * carried ** (at - step + 1) + above);
  }
  return Math.max(Math.min(need, Math.max(everSeen * highest[step]!, seen)), seen / policy.fullness);
}

/** How far the load of a step was above what had been forecast for it. */
function errorAt(view: View, step: number): number {
  const sight = sightOf(view, step);
  return sight ? view.load[step]! - sight.mean[step - sight.start]! : 0;
}

/** Units that carry a load. */
export const unitsFor = (load: number, unit: number): number => Math.ceil(load / unit - 1e-9);
