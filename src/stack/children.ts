import { spawn } from 'node:child_process';
import { closeSync, fstatSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { Refusal } from '../contract/errors';
import { ended, identityOf, signal, type Identity } from '../services/processes';
import { onPath } from './programs';

export interface Child extends Identity {
  name: string;
  exited(): boolean;
  /** What it has written to its log so far, and the last line of that. */
  said(): string;
  lastWords(): string;
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
  const from = fstatSync(log).size;
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
  const said = () => readFileSync(logFile).subarray(from).toString();
  const lastWords = () => said().trim().split('\n').at(-1) || 'it ended at once';
  return { name, ...identityOf(child.pid ?? 0), exited: () => exited, said, lastWords };
}

/** SIGTERM, and SIGKILL when that did not help. `after` says which it took; `gone` that it had ended before. */
export async function stopChild(child: Identity, { termMs = TERM_MS } = {}): Promise<'gone' | 'SIGTERM' | 'SIGKILL'> {
  if (!signal(child, 'SIGTERM')) return 'gone';
  if (await ended(child, termMs)) return 'SIGTERM';
  signal(child, 'SIGKILL');
  await ended(child, KILL_MS);
  return 'SIGKILL';
}
