import { build } from './build';
import { isRunning } from '../services/processes';
import type { Stack } from './embedded';
import type { StackState } from './stackState';

export interface UpgradeStep {
  says: string;
  stop?: string;
  start?: string;
}

/** The parts that run another build than the one in dist. Temporal is no build of ours: it is kept. */
export const staleParts = ({ parts }: Pick<StackState, 'parts'>): string[] =>
  Object.entries(parts)
    .filter(([name, part]) => name !== 'temporal' && part.build !== build())
    .map(([name]) => name);

/**
 * The order in which nobody meets a peer that it cannot speak with: without a worker no run acts, and the jobs of the
 * agents go on from their journals. The worker comes back last, to agents that are all new.
 */
export function upgradeSteps(stale: readonly string[]): UpgradeStep[] {
  const agents = stale.filter((name) => name.startsWith('agent-')).toSorted();
  const work = agents.length > 0 || stale.includes('worker');
  return [
    ...(work ? [{ says: 'stop the worker: runs wait, jobs go on at their agents', stop: 'worker' }] : []),
    ...agents.map((name) => ({ says: `replace ${name}: its jobs go on from its journal`, stop: name, start: name })),
    ...(stale.includes('api') ? [{ says: 'replace the API', stop: 'api', start: 'api' }] : []),
    ...(work ? [{ says: 'start the worker: runs go on where they were', start: 'worker' }] : []),
  ];
}

/** Puts the new build in the place of the old one, part by part. What fails is thrown; asked again it goes on from there. */
export async function upgradeStack(stack: Stack, say: (line: string) => void): Promise<void> {
  for (const { says, stop, start } of upgradeSteps(staleParts(stack.state))) {
    const part = stop === undefined ? undefined : stack.state.parts[stop];
    if (stop !== undefined && part && isRunning(part)) await stack.kill(stop, 'SIGTERM');
    if (start !== undefined) await stack.restart(start);
    say(says);
  }
}
