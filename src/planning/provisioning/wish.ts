import { sightOf, type View } from './view';

/** Share of the last error that is still there one step later; on nine real 5-minute loads .8 to .9 hardly differ, and more costs more. */
const carried = 0.85;
/** A forecast may not ask for more than this times what was ever seen: saturated loads have no upper tail. */
const everSeen = 1.02;

/**
 * Load to be ready for by a decision at `step`: the forecast over the time in which it is in force, moved by its last error
 * as far as that lasts (a forecast just made has none: it knows what came), plus a margin (that many times the upper half of the 80 % band; without one, up to the end of the
 * 95 % band), never beyond what was ever seen, never below what the load of now needs. Undefined without a forecast.
 */
export function needAt(view: View, step: number, margin: number | undefined): number | undefined {
  const { policy, load, highest } = view;
  const sight = sightOf(view, step);
  const first = step + policy.leadSteps;
  const last = first + policy.holdSteps - 1;
  if (!sight || last - sight.start >= sight.mean.length) return undefined;
  const seen = load[step - 1]!;
  const error = step > sight.start ? seen - sight.mean[step - 1 - sight.start]! : 0;
  let need = 0;
  for (let at = first; at <= last; at++) {
    const ahead = at - sight.start;
    const mean = sight.mean[ahead]!;
    const above = margin === undefined ? sight.upper95[ahead]! - mean : margin * (sight.upper80[ahead]! - mean);
    need = Math.max(need, mean + error * carried ** (at - step + 1) + above);
  }
  return Math.max(Math.min(need, Math.max(everSeen * highest[step]!, seen)), seen / policy.fullness);
}

/** Load to be ready for when only the load of now is known: the highest of the last lead time, at this use of the capacity. */
export function reactiveNeed({ policy, load }: View, step: number, fullness: number): number {
  let highest = 0;
  for (let at = Math.max(0, step - policy.leadSteps); at < step; at++) highest = Math.max(highest, load[at]!);
  return highest / fullness;
}

/** Units that carry a load. */
export const unitsFor = (load: number, unit: number): number => Math.ceil(load / unit - 1e-9);
