import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Refusal } from '../contract/errors';
import { onPath } from './programs';

/** A process as it can be found again later: a pid alone may have been given to somebody else meanwhile. */
export interface Identity {
  pid: number;
  /** When it started, in the kernel's ticks since boot, with the boot's id; empty where there is no /proc. */
  started: string;
}

export interface Child extends Identity {
  name: string;
  exited(): boolean;
}

export interface ChildOptions {
  name: string;
  command: string[];
  logFile: string;
  env?: NodeJS.ProcessEnv;
  cwd?: string;
  /** Ended by the kernel when the process that started it is gone; otherwise it lives on in the background. */
  diesWithUs?: boolean;
}

const TERM_MS = 10_000;
const KILL_MS = 5_000;
/** A log longer than this is put aside when its process is started again; the one before it goes. */
const LONGEST_LOG = 16 * 1024 ** 2;

/** Starts a background process with its output appended to a log. */
export async function startChild({
  name,
  command,
  logFile,
  env,
  cwd,
  diesWithUs = false,
}: ChildOptions): Promise<Child> {
  mkdirSync(dirname(logFile), { recursive: true });
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > LONGEST_LOG) renameSync(logFile, `${logFile}.1`);
  const log = openSync(logFile, 'a');
  const setpriv = diesWithUs ? onPath('setpriv') : undefined;
  const [program = '', ...args] = setpriv ? [setpriv, '--pdeathsig', 'TERM', '--', ...command] : command;
  const child = spawn(program, args, { env, cwd, detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let exited = false;
  child.once('exit', () => (exited = true));
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (cause) =>
      reject(new Refusal('NotStarted', { what: name, why: cause.message, log: logFile }, { cause })),
    );
  });
  child.unref();
  const pid = child.pid ?? 0;
  return { name, pid, started: startOf(pid) ?? '', exited: () => exited };
}

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

/** SIGTERM, and SIGKILL when that did not help. `after` says which it took; `gone` that it had ended before. */
export async function stopChild(child: Identity, { termMs = TERM_MS } = {}): Promise<'gone' | 'SIGTERM' | 'SIGKILL'> {
  if (!signal(child, 'SIGTERM')) return 'gone';
  if (await ended(child, termMs)) return 'SIGTERM';
  signal(child, 'SIGKILL');
  await ended(child, KILL_MS);
  return 'SIGKILL';
}

/** Signals that very process; false when it has ended. */
export function signal(child: Identity, name: NodeJS.Signals): boolean {
  if (!isRunning(child)) return false;
  try {
    return process.kill(child.pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ESRCH') return false;
    throw error;
  }
}

async function ended(child: Identity, timeoutMs: number): Promise<boolean> {
  for (const deadline = Date.now() + timeoutMs; Date.now() < deadline; await pause(20)) {
    if (!isRunning(child)) return true;
  }
  return !isRunning(child);
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
