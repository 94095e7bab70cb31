import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in these, whatever the kernel's own clock does (USER_HZ). */
const ticksPerSecond = 100;

/** CPU seconds, user and system, of this process's children that have ended, and of all that they waited for. */
export const cpuOfEndedChildren = (): number => times('self').ofChildren;

/** CPU seconds, user and system, of a process and all that descends from it, those that have ended included. */
export function cpuOfTree(pid: number): number {
  return treeOf(pid).reduce((sum, one) => {
    const { own, ofChildren } = goneIsNone(() => times(one)) ?? { own: 0, ofChildren: 0 };
    return sum + own + ofChildren;
  }, 0);
}

/** A process and all its living descendants. */
export function treeOf(pid: number): number[] {
  return [pid, ...childrenOf(pid).flatMap(treeOf)];
}

export function childrenOf(pid: number): number[] {
  const tasks = goneIsNone(() => readdirSync(`/proc/${pid}/task`)) ?? [];
  return tasks.flatMap((task) => {
    const children = goneIsNone(() => readFileSync(`/proc/${pid}/task/${task}/children`, 'utf8')) ?? '';
    return children.split(' ').filter(Boolean).map(Number);
  });
}

/** Memory of a process in bytes: all that is resident, and the part that is its own and no file's. */
export function memoryOf(pid: number): { resident: number; anonymous: number } {
  const status = goneIsNone(() => readFileSync(`/proc/${pid}/status`, 'utf8')) ?? '';
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0) * 1024;
  return { resident: field('VmRSS'), anonymous: field('RssAnon') };
}

/** Fields 14 to 17 of /proc/pid/stat, counted after the program's name, which may hold spaces and brackets. */
function times(pid: number | 'self'): { own: number; ofChildren: number } {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const seconds = (at: number) => Number(fields[at - 3]) / ticksPerSecond;
  return { own: seconds(14) + seconds(15), ofChildren: seconds(16) + seconds(17) };
}

/** Undefined when the process has ended meanwhile: whoever waited for it has its times. */
function goneIsNone<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
