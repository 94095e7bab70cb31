import type { Attempt } from './clients/log';

/** A time without a success. */
export interface Gap {
  fromMs: number;
  toMs: number;
  lengthMs: number;
  /** False: it had not ended when the log did. */
  over: boolean;
}

/**
 * The longest time between two successes, from the first attempt to the end of the log. With `faultMs`, of those that had not
 * ended before the fault.
 */
export function gapOf(attempts: readonly Attempt[], untilMs: number, faultMs = -Infinity): Gap {
  const successes = attempts.flatMap(({ outcome, endMs }) =>
    outcome === 'acknowledged' && endMs !== undefined ? [endMs] : [],
  );
  const first = attempts.reduce((least, { beginMs }) => Math.min(least, beginMs), untilMs);
  const moments = [first, ...successes.toSorted((a, b) => a - b), untilMs];
  let longest: Gap = { fromMs: untilMs, toMs: untilMs, lengthMs: 0, over: true };
  for (let i = 1; i < moments.length; i++) {
    const [fromMs, toMs] = [moments[i - 1]!, moments[i]!];
    if (toMs < faultMs || toMs - fromMs <= longest.lengthMs) continue;
    longest = { fromMs, toMs, lengthMs: toMs - fromMs, over: i < moments.length - 1 };
  }
  return longest;
}
