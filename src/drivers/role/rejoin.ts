import type { RoleInput, Lost } from '../../contract/capabilities/role';
import { Refusal } from '../../contract/errors';
import type { JobContext } from '../../contract/operations';
import { conninfoTo, quoted } from './conninfo';
import { isStandby, removeFrom } from './dataFiles';
import { fence } from './fence';
import { follow } from './follow';
import { finished, keepAside, restoreOwn, unfinished, type Kept } from './keep';
import { askOnce, type Line } from './line';
import { divergence, type Divergence } from './lost';
import { dataOf, factsOf, peerOf, type Place } from './place';
import { postmasterOf } from './processes';
import { lastLine, runProgram } from './programs';
import { configFile, removeStaleLock } from './server';
import { askFacts } from './facts';

export interface Rejoined {
  rewound: boolean;
  lost?: Lost;
  keptAt?: string;
  tookMs: number;
}

const fenceMs = 10_000;
const followMs = 120_000;

/**
 * Makes a former primary a standby of the new one. It is brought down if it runs; what it has and the new primary lacks is
 * counted and kept aside; then it is rewound and follows. Begun again after a failure, it goes on with what was kept first.
 */
export async function rejoin(
  place: Place,
  line: Line,
  { endpoint, lease, primary }: RoleInput<'rejoin'>,
  job: JobContext,
): Promise<Rejoined> {
  const beganAt = performance.now();
  const to = { endpoint, lease, primary, deadlineMs: followMs };
  const begun = unfinished(place);
  if (begun) restoreOwn(place, begun);
  if (!begun && (await streamsFrom(place, line, primary)))
    return { rewound: false, tookMs: performance.now() - beganAt };
  line.close();
  note(job, 'bringing the old server down');
  await fence(place, lease, fenceMs);
  job.signal.throwIfAborted();
  note(job, `reading its WAL past the point where ${primary} left it`);
  const parted = begun ? undefined : await divergence(place, primary, job.signal);
  const kept = begun ?? (parted?.diverged ? await keptAside(place, primary, parted, job) : undefined);
  if (kept) {
    await rewind(place, primary, job);
    restoreOwn(place, kept);
    finished(place);
  }
  note(job, `following ${primary}`);
  await follow(place, line, to);
  const lost = kept?.lost ?? parted?.lost;
  place.host.log('rejoined', {
    endpoint,
    primary,
    epoch: lease.epoch,
    rewound: kept !== undefined,
    lost: lost?.commits ?? 0,
  });
  return {
    rewound: kept !== undefined,
    ...(lost && { lost }),
    ...(kept && { keptAt: kept.folder }),
    tookMs: performance.now() - beganAt,
  };
}

/** It is what it is to become already: then nothing is done to it. */
async function streamsFrom(place: Place, line: Line, primary: string): Promise<boolean> {
  const data = dataOf(place);
  if (postmasterOf(data) === undefined || !isStandby(data)) return false;
  const { address, port } = peerOf(place, primary);
  try {
    const { receiver } = await askFacts(line, 2_000);
    return receiver?.status === 'streaming' && receiver.host === address && receiver.port === port;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'DatabaseSilent') return false; // hung: it is brought down
    throw error;
  }
}

async function keptAside(place: Place, primary: string, parted: Divergence, job: JobContext): Promise<Kept> {
  const { hintsLogged, checksums } = parted.control;
  if (!hintsLogged && !checksums)
    throw new Refusal('CannotRewind', {
      ...{ ...factsOf(place), primary },
      why: 'neither wal_log_hints nor data checksums were on when it wrote',
    });
  return keepAside(place, parted, job);
}

/**
 * pg_rewind (15 or newer, where the configuration lies elsewhere) first ends the recovery of a server that was killed, by itself, and reads postgresql.conf for it. Before: a
 * checkpoint on the source. Until its first one after the promotion, its control file has the old timeline, and pg_rewind
 * would find nothing to do.
 */
async function rewind(place: Place, primary: string, job: JobContext): Promise<void> {
  const data = dataOf(place);
  await askOnce(primary, peerOf(place, primary), 'make a checkpoint', 'checkpoint', 120_000);
  removeStaleLock(data);
  removeFrom(data, 'standby.signal'); // a recovery by pg_rewind refuses it; the mark keeps the server down meanwhile
  const config = configFile(data);
  const source = `${conninfoTo(place, primary)} dbname=${quoted(peerOf(place, primary).database)}`;
  const args = ['-D', data, '--source-server', source, '--progress', ...(config ? ['--config-file', config] : [])];
  const onComplaint = (text: string) => {
    const [, done, total] = /(\d+)\/(\d+) kB \(\d+%\) copied\s*$/.exec(text) ?? [];
    if (total === undefined) return;
    job.report({
      ...{ done: Number(done) * 1024, total: Number(total) * 1024, unit: 'bytes', rate: 0 },
      note: 'rewinding',
      doneFiles: 0,
    });
  };
  const { code, complaint } = await runProgram(place, 'pg_rewind', args, { onComplaint, signal: job.signal });
  if (code === 0) return;
  const said = complaint.split('\n').filter((line) => /error:|FATAL:/.test(line));
  throw new Refusal('CannotRewind', { ...factsOf(place), primary, why: said.join('; ') || lastLine(complaint) });
}

const note = (job: JobContext, what: string): void =>
  job.report({ done: 0, total: 0, unit: 'bytes', rate: 0, note: what, doneFiles: 0 });
