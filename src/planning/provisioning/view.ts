import type { Outlook, ProvisioningPolicy, Situation } from './policy';

/** A situation laid out by steps: step 0 is the first observed one, step `now` is the one that starts. */
export interface View {
  policy: ProvisioningPolicy;
  now: number;
  stepsADay: number;
  /** Holes hold the value before them. */
  load: Float64Array;
  /** The highest load of the week before each step. */
  highest: Float64Array;
  /** Which of them is the newest at each step; −1 where there is none. */
  newest: Int32Array;
  outlooks: readonly Foresight[];
}

/** An outlook by steps. */
export interface Foresight {
  start: number;
  mean: readonly number[];
  upper80: readonly number[];
  upper95: readonly number[];
}

export function viewOf({ policy, stepMs, startMs, observed, nowMs, outlooks }: Situation): View {
  const stepAt = (ms: number) => Math.round((ms - startMs) / stepMs);
  const load = new Float64Array(observed.length);
  for (let step = 0; step < load.length; step++) load[step] = observed[step] ?? load[step - 1] ?? 0;
  const stepsADay = Math.max(1, Math.round(86_400_000 / stepMs));
  const sights = outlooks.map((outlook) => foresight(outlook, stepAt(outlook.startMs)));
  const newest = new Int32Array(observed.length + 1).fill(-1);
  for (const [place, { start }] of sights.entries()) newest.fill(place, Math.max(0, start));
  return {
    policy,
    now: stepAt(nowMs),
    stepsADay,
    load,
    highest: highestBefore(load, 7 * stepsADay),
    newest,
    outlooks: sights,
  };
}

/** The highest of the `reach` values before each place; places that may still become the highest wait in order. */
function highestBefore(load: Float64Array, reach: number): Float64Array {
  const highest = new Float64Array(load.length + 1);
  const waiting: number[] = [];
  let first = 0;
  for (let step = 0; step < load.length; step++) {
    while (waiting.length > first && load[waiting.at(-1)!]! <= load[step]!) waiting.pop();
    waiting.push(step);
    if (waiting[first]! <= step - reach) first++;
    highest[step + 1] = load[waiting[first]!]!;
  }
  return highest;
}

function foresight({ mean, bands }: Outlook, start: number): Foresight {
  const band = (level: number) => bands.find((each) => each.level === level) ?? { upper: mean };
  return { start, mean, upper80: band(80).upper, upper95: band(95).upper };
}

/** The newest outlook that was there before `step` began, if it reaches as far as `step`. */
export function sightOf({ newest, outlooks }: View, step: number): Foresight | undefined {
  const sight = outlooks[newest[Math.min(step, newest.length - 1)]!];
  return sight && step - sight.start < sight.mean.length ? sight : undefined;
}
