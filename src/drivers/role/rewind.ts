import { setTimeout as pause } from 'node:timers/promises';
import { Refusal } from '../../contract/errors';
import type { JobContext } from '../../contract/operations';
import { conninfoTo, quoted } from './conninfo';
import { readControl } from './control';
import { removeFrom } from './dataFiles';
import { isTorn, keepAside, remember, restoreOwn, restoreWal, type Kept } from './keep';
import { askOnce } from './line';
import type { Divergence } from './lost';
import { dataOf, factsOf, peerOf, type Place } from './place';
import { isRewound } from './processes';
import { lastLine, runProgram } from './programs';
import { configFile, removeStaleLock } from './server';

const checkpointMs = 120_000;

/** Keeps aside what a rewind overwrites, if there is any use in beginning one. */
export async function keptAside(place: Place, primary: string, parted: Divergence, job: JobContext): Promise<Kept> {
  const { hintsLogged, checksums } = parted.control;
  if (hintsLogged || checksums) return keepAside(place, parted, job);
  throw cannot(place, primary, 'neither wal_log_hints nor data checksums were on when it wrote');
}

/**
 * Rewinds the data directory to where the new primary left it. Once begun it is not stopped: a data directory that is half
 * rewound is of no use. One that was killed in the middle is tried again with the WAL of before, unless the host went down
 * with it.
 */
export async function rewind(
  place: Place,
  primary: string,
  kept: Kept,
  again: boolean,
  job: JobContext,
): Promise<void> {
  if (again) {
    while (isRewound(dataOf(place))) await pause(100, undefined, { signal: job.signal });
    if (isTorn(kept)) throw cannot(place, primary, 'the host went down in the middle of a rewind');
    const { checkpointTimeline } = await readControl(place);
    restoreOwn(place, kept);
    if (kept.rewound || !kept.timelines.includes(checkpointTimeline))
      return remember(place, { ...kept, rewound: true });
    restoreWal(place, kept);
  }
  await runRewind(place, primary, job);
  restoreOwn(place, kept);
  remember(place, { ...kept, rewound: true });
}

/**
 * pg_rewind first ends the recovery of a server that was killed, by itself, and reads postgresql.conf for it. Where that
 * lies elsewhere, PostgreSQL 15 or newer can be told. Before it, a checkpoint on the source: until its first one after the
 * promotion its control file has the old timeline, and pg_rewind would find nothing to do.
 */
async function runRewind(place: Place, primary: string, job: JobContext): Promise<void> {
  const data = dataOf(place);
  await askOnce(primary, peerOf(place, primary), 'make a checkpoint', 'checkpoint', checkpointMs);
  job.signal.throwIfAborted();
  removeStaleLock(data);
  removeFrom(data, 'standby.signal'); // a recovery by pg_rewind refuses it; the mark keeps the server down meanwhile
  const config = configFile(data);
  const source = `${conninfoTo(place, primary)} dbname=${quoted(peerOf(place, primary).database)}`;
  const args = ['-D', data, '--source-server', source, '--progress', ...(config ? ['--config-file', config] : [])];
  const report = (done: number, total: number) =>
    job.report({ ...{ done, total, unit: 'bytes', rate: 0, note: 'rewinding', doneFiles: 0 } });
  report(0, 0);
  const onComplaint = (text: string) => {
    const [, done, total] = /(\d+)\/(\d+) kB \(\d+%\) copied\s*$/.exec(text) ?? [];
    if (total !== undefined) report(Number(done) * 1024, Number(total) * 1024);
  };
  const { code, complaint } = await runProgram(place, 'pg_rewind', args, { onComplaint, outlives: true });
  if (code === 0) return;
  const said = complaint.split('\n').filter((line) => /error:|FATAL:/.test(line));
  throw cannot(place, primary, said.join('; ') || lastLine(complaint));
}

const cannot = (place: Place, primary: string, why: string): Refusal =>
  new Refusal('CannotRewind', { ...factsOf(place), primary, why });
