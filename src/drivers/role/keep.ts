import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lost } from '../../contract/capabilities/role';
import type { JobContext } from '../../contract/operations';
import { replaceDurably } from '../durable';
import { replaceIn } from './dataFiles';
import type { Divergence } from './lost';
import { positionOf } from '../../planning/failover/lsn';
import { segmentName } from './lsn';
import { dataOf, type Place } from './place';

/**
 * Settings that are this host's own: a rewind would bring those of the new primary, its address too. It takes away the
 * words of the last start, which alone say where a configuration lies that is elsewhere.
 */
const ownFiles = ['postmaster.opts', 'postgresql.conf', 'postgresql.auto.conf', 'pg_hba.conf', 'pg_ident.conf'];

const walFile = /^([0-9A-F]{24}|[0-9A-F]{8}\.history)$/;

/** A rewind that was begun, and what it is about to overwrite, as it was. */
export interface Kept {
  folder: string;
  lost: Lost;
  /** Its own timelines: one of another says that the rewind came to its end. */
  timelines: number[];
  bootId: string;
  /** All of it is on the disk. */
  rewound: boolean;
}

/** More than the record of a checkpoint takes: it may lie across two segments. */
const mostOfCheckpoint = 16_384n;

const folderOf = ({ host, endpoint }: Place): string => join(host.stateDir, 'role', `${endpoint}.kept`);

const noteOf = (place: Place): string => join(folderOf(place), 'rewinding.json');

/** A rewind that was begun and not ended: what it has already changed must not be kept as if it had been ours. */
export function unfinished(place: Place): Kept | undefined {
  const file = noteOf(place);
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Kept) : undefined;
}

/** Copies the WAL past the fork and the host's own settings, and remembers on disk that a rewind begins. */
export async function keepAside(place: Place, { spans, lost, control }: Divergence, job: JobContext): Promise<Kept> {
  const data = dataOf(place);
  const name = `${new Date().toISOString().replaceAll(':', '-')}-${lost.forkLsn.replace('/', '-')}`;
  const folder = join(folderOf(place), name);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const [first] = spans;
  const segment = (lsn: bigint) => segmentName(first?.timeline ?? 1, lsn, control.segmentBytes).slice(8);
  const ends = [positionOf(lost.endLsn), control.checkpoint].map((lsn) => segment(lsn + mostOfCheckpoint));
  const [from, to] = [segment(positionOf(lost.forkLsn)), ends.toSorted().at(-1) ?? ''];
  const timelines = new Set(spans.map(({ timeline }) => timeline));
  const files = readdirSync(join(data, 'pg_wal')).filter((file) => {
    if (!walFile.test(file) || file.endsWith('.history')) return walFile.test(file);
    const timeline = parseInt(file.slice(0, 8), 16);
    return timelines.has(timeline) && file.slice(8) >= from && file.slice(8) <= to;
  });
  const sizes = files.map((file) => statSync(join(data, 'pg_wal', file)).size);
  const total = sizes.reduce((sum, size) => sum + size, 0);
  let done = 0;
  for (const [index, file] of files.entries()) {
    job.signal.throwIfAborted();
    await copyFile(join(data, 'pg_wal', file), join(folder, file), constants.COPYFILE_FICLONE);
    done += sizes[index] ?? 0;
    job.report({
      ...{ done, total, unit: 'bytes', rate: 0, doneFiles: index + 1 },
      note: 'keeping what diverged aside',
    });
  }
  for (const file of ownFiles) if (existsSync(join(data, file))) copyFileSync(join(data, file), join(folder, file));
  replaceDurably(join(folder, 'lost.json'), JSON.stringify(lost, null, 2));
  const kept: Kept = {
    ...{ folder, lost, rewound: false, bootId: bootId() },
    timelines: [control.timeline, control.checkpointTimeline],
  };
  remember(place, kept);
  return kept;
}

export function remember(place: Place, kept: Kept): void {
  replaceDurably(noteOf(place), JSON.stringify(kept));
}

/** What a power cut took from the data directory nobody knows, unless the rewind was over. */
export const isTorn = ({ rewound, bootId: before }: Kept): boolean => !rewound && before !== bootId();

const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();

/** Brings the WAL of before back, which a second rewind reads and the first may have left torn. */
export function restoreWal(place: Place, { folder }: Kept): void {
  for (const file of readdirSync(folder)) {
    if (walFile.test(file)) replaceIn(dataOf(place), join('pg_wal', file), readFileSync(join(folder, file)));
  }
}

/** Brings the host's own settings back after a rewind. */
export function restoreOwn(place: Place, { folder }: Kept): void {
  for (const file of ownFiles) {
    const kept = join(folder, file);
    if (existsSync(kept)) replaceIn(dataOf(place), file, readFileSync(kept, 'utf8'));
  }
}

export function finished(place: Place): void {
  rmSync(noteOf(place), { force: true });
}
