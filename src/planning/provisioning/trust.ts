import type { Situation } from './policy';
import { sightOf, type View } from './view';

/**
 * Of the last day's load this share must have been below the upper end of the 95 % bands, or the forecast has drifted. The
 * lower end does not count: a load below it costs idle units, and nothing that it needs is missing.
 */
const leastCoverage = 0.8;

/** Fewer moments of the past prove nothing. */
const leastOrigins = 6;

/** Why the forecast is not to be acted on, as the end of a sentence; undefined when it is. */
export function distrust({ outlooks }: Situation, view: View): string | undefined {
  const last = outlooks.at(-1);
  if (!last) return 'there is no forecast yet';
  if (!sightOf(view, view.now + view.policy.leadSteps + view.policy.holdSteps - 1))
    return 'the forecast does not reach so far';
  if (last.caution !== undefined) return last.caution;
  if (last.origins !== undefined && last.origins < leastOrigins)
    return `it was compared with the past at ${last.origins} moments only, and ${leastOrigins} are wanted`;
  const coverage = observedCoverage(view);
  if (coverage !== undefined && coverage < leastCoverage)
    return `only ${Math.round(100 * coverage)} % of the last day stayed below the upper end of the 95 % band`;
  return undefined;
}

/** Steps since the last one that was measured. */
export function staleSteps({ observed }: Situation, { now }: View): number {
  const known = observed.findLastIndex((value) => value !== null);
  return now - (known + 1);
}

/** The share of the last day's steps whose load was not above the 95 % band of the forecast of then. Undefined before a quarter of it is known. */
export function observedCoverage(view: View): number | undefined {
  const { load, stepsADay } = view;
  let inside = 0;
  let count = 0;
  for (let step = Math.max(0, load.length - stepsADay); step < load.length; step++) {
    const sight = sightOf(view, step);
    if (!sight) continue;
    count++;
    if (load[step]! <= sight.upper95[step - sight.start]!) inside++;
  }
  return count >= stepsADay / 4 ? inside / count : undefined;
}
