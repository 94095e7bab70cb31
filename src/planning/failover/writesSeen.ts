import type { WritesSeen } from '../../contract/failoverReports';

/** Before the last good write, and behind the first one through the new route, as much is looked at, ms. */
export const aroundMs = 3_000;
const mostSteps = 120;
const leastStepMs = 100;

/** What several observers told of their writes, put together: how many succeeded in each step, by member. At most 120 steps. */
export function writesSeen(
  tracks: readonly Readonly<Record<string, readonly number[]>>[],
  { fromMs, toMs }: { fromMs: number; toMs: number },
): WritesSeen {
  const stepMs = Math.max(1, Math.ceil((toMs - fromMs) / mostSteps / leastStepMs)) * leastStepMs;
  const steps = Math.max(1, Math.min(mostSteps, Math.ceil((toMs - fromMs) / stepMs)));
  const members: Record<string, number[]> = {};
  for (const track of tracks)
    for (const [member, moments] of Object.entries(track)) {
      const counts = (members[member] ??= Array<number>(steps).fill(0));
      for (const atMs of moments) {
        const step = Math.floor((atMs - fromMs) / stepMs);
        if (counts[step] !== undefined) counts[step]++;
      }
    }
  return { startMs: fromMs, stepMs, members };
}
