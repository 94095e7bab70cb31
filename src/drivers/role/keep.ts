import { constants, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Lost } from '../../contract/capabilities/role';
import type { JobContext } from '../../contract/operations';
import { replaceDurably } from '../durable';
import { replaceIn } from './dataFiles';
import type { Divergence } from './lost';
import { parseLsn, segmentName } from './lsn';
import { dataOf, type Place } from './place';

/**
 * Settings that are this host's own: a rewind would bring those of the new primary, its address too. It takes away the
 * words of the last start, which alone say where a configuration lies that is elsewhere.
 */
const ownFiles = ['postmaster.opts', 'postgresql.conf', 'postgresql.auto.conf', 'pg_hba.conf', 'pg_ident.conf'];

/** What a rewind is about to overwrite, as it was. */
export interface Kept {
  folder: string;
  lost: Lost;
}

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
  const segment = (lsn: string) => segmentName(first?.timeline ?? 1, parseLsn(lsn), control.segmentBytes).slice(8);
  const [from, to] = [segment(lost.forkLsn), segment(lost.endLsn)];
  const timelines = new Set(spans.map(({ timeline }) => timeline));
  const files = readdirSync(join(data, 'pg_wal')).filter((file) => {
    if (/^[0-9A-F]{8}\.history$/.test(file)) return true;
    const timeline = parseInt(file.slice(0, 8), 16);
    return /^[0-9A-F]{24}$/.test(file) && timelines.has(timeline) && file.slice(8) >= from && file.slice(8) <= to;
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
  const kept = { folder, lost };
  replaceDurably(join(folder, 'lost.json'), JSON.stringify(lost, null, 2));
  replaceDurably(noteOf(place), JSON.stringify(kept));
  return kept;
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
