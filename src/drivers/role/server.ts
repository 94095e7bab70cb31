import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Refusal } from '../../contract/errors';
import { readIn, removeFrom } from './dataFiles';
import { dataOf, lastCommand, type Place } from './place';
import { postmasterOf, processesOf } from './processes';
import { lastLine, run, runProgram } from './programs';

const logFile = 'evenkeel.log';

/**
 * Starts the server, with the command of the fleet file or by pg_ctl as the owner of its data directory, with the words of
 * its last start: Debian keeps its configuration elsewhere, and only those words say where. Done at once when it runs.
 */
export async function startServer(place: Place, deadlineMs: number): Promise<void> {
  const data = dataOf(place);
  if (postmasterOf(data) !== undefined) return;
  removeStaleLock(data);
  const { start } = place.member;
  const seconds = Math.max(1, Math.ceil(deadlineMs / 1000));
  const args = ['start', '-D', data, '-w', '-t', String(seconds), '-s', '-l', join(data, logFile), ...again(data)];
  const timeoutMs = deadlineMs + 1_000;
  const { code, complaint } = start
    ? await run(start, { timeoutMs })
    : await runProgram(place, 'pg_ctl', args, { timeoutMs });
  if (code === 0 || postmasterOf(data) !== undefined) return; // it may still be at its recovery
  const said = complaintOf(place);
  throw new Refusal('NotStarted', {
    what: `${place.name} on ${place.host.name}`,
    why: said || lastLine(complaint) || `it was not ready within ${seconds} s`,
    log: start ? 'its log' : join(data, logFile),
  });
}

/**
 * PostgreSQL takes any process with the number in its lock file for its old self: one of another program, and one that was
 * killed and that nobody has buried yet, as happens in a container. We know better: nothing works in this directory.
 */
export function removeStaleLock(data: string): void {
  if (processesOf(data).length === 0) removeFrom(data, 'postmaster.pid');
}

/** Waits until nothing of it is left; false when the deadline passed. */
export async function hasEnded(place: Place, deadlineMs: number): Promise<boolean> {
  const data = dataOf(place);
  for (const until = performance.now() + deadlineMs; ; await pause(10)) {
    if (postmasterOf(data) === undefined && processesOf(data).length === 0) return true;
    if (performance.now() > until) return false;
  }
}

/** The last thing that the server complained of in the log of its start, which is its whole log if it has no other. */
export function complaintOf(place: Place): string {
  const lines = readIn(dataOf(place), logFile)?.slice(-20_000).split('\n') ?? [];
  const last = lines.findLast((line) => /\b(FATAL|PANIC|ERROR): {2}|LOG: {2}.*(fail|could not|forked)/.test(line));
  return last?.replace(/^.*?\b(FATAL|ERROR|PANIC|LOG): +/, '') ?? '';
}

/** The words of its last start, but for the data directory, for the shell by which pg_ctl starts it. */
function again(data: string): string[] {
  const words = lastCommand(data).slice(1);
  const at = words.indexOf('-D');
  const kept = at < 0 ? words : words.toSpliced(at, 2);
  const shell = kept.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
  return shell === '' ? [] : ['-o', shell];
}

/** Where its configuration lies when that is not its data directory. */
export function configFile(data: string): string | undefined {
  const word = lastCommand(data).find((each) => /^(--)?config[_-]file=/.test(each));
  const file = word?.slice(word.indexOf('=') + 1);
  return file !== undefined && existsSync(file) ? file : undefined;
}
