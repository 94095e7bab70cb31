import { execFile, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { binOf, dataOf, type Place } from './place';

export interface Ended {
  code: number | null;
  /** All of it, unless lines were taken one by one. */
  output: string;
  /** The last of what it complained of. */
  complaint: string;
}

export interface Running {
  signal?: AbortSignal;
  timeoutMs?: number;
  /** Goes on when the agent ends: what it does must not be left half done. */
  outlives?: boolean;
  /** Takes the output line by line, as it comes. */
  onLine?: (line: string) => void;
  /** Takes what it complains of as it comes. */
  onComplaint?: (text: string) => void;
}

/** Runs a program of PostgreSQL that fits the member, as the owner of its data directory: as root they refuse. It ends with the agent, unless it must not. */
export async function runProgram(place: Place, name: string, args: string[], how: Running = {}): Promise<Ended> {
  const words = [join(binOf(place), name), ...args];
  return run([...(await asOwner(dataOf(place), how.outlives === true)), ...words], how);
}

/** Runs words without a shell. */
export function run(
  [file = '', ...args]: string[],
  { signal, timeoutMs, onLine, onComplaint }: Running,
): Promise<Ended> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      cwd: '/',
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LC_ALL: 'C', PGAPPNAME: 'evenkeel' },
      killSignal: 'SIGKILL',
      ...(signal && { signal }),
      ...(timeoutMs !== undefined && { timeout: Math.max(1, Math.round(timeoutMs)) }),
    });
    let [output, complaint, rest] = ['', '', ''];
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
      if (onLine) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) onLine(line);
      } else output += chunk;
    });
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
      complaint = (complaint + chunk).slice(-4_000);
      onComplaint?.(chunk);
    });
    child.once('error', (error) => signal?.aborted !== true && reject(error)); // one that is stopped is waited for
    child.once('close', (code) => {
      if (signal?.aborted === true) reject(signal.reason as Error);
      else resolve({ code, output, complaint: complaint.trim() });
    });
  });
}

/** Words to put before a program. A group of the owner may be what opens the key of its certificate, so that all are kept. */
async function asOwner(data: string, outlives: boolean): Promise<string[]> {
  const { uid, gid } = statSync(data);
  const sets = ['setpriv', ...(outlives ? [] : ['--pdeathsig', 'KILL'])];
  if (process.geteuid?.() !== 0 || uid === 0) return sets;
  const groups = (await isKnown(uid)) ? '--init-groups' : '--clear-groups';
  return [...sets, '--reuid', String(uid), '--regid', String(gid), groups];
}

const isKnown = (uid: number): Promise<boolean> =>
  new Promise((resolve) => execFile('id', ['-un', String(uid)], (error) => resolve(error === null)));

/** The last line of a complaint that says something. */
export const lastLine = (text: string): string =>
  text
    .trim()
    .split('\n')
    .findLast((line) => line.trim() !== '') ?? '';
