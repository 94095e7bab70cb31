import { readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

const endedWithinMs = 10_000;

/** The processes in a network namespace, whoever started them; only those of a program, where one is named. */
export function processesIn(namespace: string, program?: string): number[] {
  const wanted = `net:[${statSync(`/run/netns/${namespace}`).ino}]`;
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => ofOurs(() => readlinkSync(`/proc/${pid}/ns/net`)) === wanted)
    .filter(
      (pid) => program === undefined || ofOurs(() => readFileSync(`/proc/${pid}/comm`, 'utf8')) === `${program}\n`,
    );
}

/** Signals each of them that still lives. */
export function signalAll(pids: readonly number[], signal: NodeJS.Signals): void {
  for (const pid of pids) ofOurs(() => process.kill(pid, signal));
}

/** Kills all that runs in a namespace, and what that started meanwhile, until nothing is left. */
export async function endProcesses(namespace: string): Promise<void> {
  for (const deadline = Date.now() + endedWithinMs; Date.now() < deadline; await pause(10)) {
    const left = processesIn(namespace);
    if (left.length === 0) return;
    signalAll(left, 'SIGKILL');
  }
  throw new Error(`processes of ${namespace} do not end: ${processesIn(namespace).join(', ')}`);
}

/** Undefined when the process ended meanwhile, or when even root may not look at it: that is none of ours. */
function ofOurs<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH', 'EACCES'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
