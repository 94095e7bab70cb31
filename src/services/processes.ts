import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';

/** A process as it can be found again later: a pid alone may have been given to somebody else meanwhile. */
export interface Identity {
  pid: number;
  /** When it started, in the kernel's ticks since boot, with the boot's id; empty where there is no /proc. */
  started: string;
}

export const identityOf = (pid: number): Identity => ({ pid, started: startOf(pid) ?? '' });

/** True while the very process that was started runs. A zombie has ended: only its parent has not looked yet. */
export function isRunning({ pid, started }: Identity): boolean {
  if (pid <= 0) return false;
  if (started) return startOf(pid) === started;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** Signals that very process, or the group that it leads; false when it has ended. */
export function signal(one: Identity, name: NodeJS.Signals, { group = false } = {}): boolean {
  if (!isRunning(one)) return false;
  try {
    return process.kill(group ? -one.pid : one.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

/** Waits for its end; false when that takes too long. */
export async function ended(one: Identity, timeoutMs: number): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await pause(20)) {
    if (!isRunning(one)) return true;
  }
  return !isRunning(one);
}

/** Field 22 of /proc/pid/stat, counted after the program's name, which may hold spaces and brackets. */
function startOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return fields[0] === 'Z' ? undefined : `${bootId()}/${fields[19]}`;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ESRCH') return undefined;
    throw error;
  }
}

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
