import { randomFillSync } from 'node:crypto';
import { closeSync, lstatSync, mkdirSync, openSync, readdirSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/laboratory/run';
import { between, type Random } from '../random';

/** A tree to be ingested. `entries` counts all that is in it but directories. */
export interface Source {
  path: string;
  says: string;
  entries: number;
  bytes: number;
}

const MiB = 1024 ** 2;

interface Sizes {
  items: number;
  directoriesPerItem: number;
  filesPerDirectory: number;
  leastBytes: number;
  mostBytes: number;
}

export interface ListedSource extends Source {
  files: string[];
}

/** Many files of random sizes: item/directory/file. */
export function makeSmallFiles(path: string, sizes: Sizes, random: Random): ListedSource {
  const { items, directoriesPerItem, filesPerDirectory, leastBytes, mostBytes } = sizes;
  const content = randomFillSync(Buffer.alloc(MiB));
  const files: string[] = [];
  let bytes = 0;
  for (let item = 0; item < items; item++)
    for (let directory = 0; directory < directoriesPerItem; directory++) {
      const folder = join(path, `item${item}`, `directory${directory}`);
      mkdirSync(folder, { recursive: true });
      for (let file = 0; file < filesPerDirectory; file++) {
        const size = between(random, leastBytes, mostBytes);
        const from = between(random, 0, MiB - size);
        const name = join(folder, `file${file}.dat`);
        writeFileSync(name, content.subarray(from, from + size));
        files.push(name);
        bytes += size;
      }
    }
  const says = `${files.length} ${mostBytes === 0 ? 'empty files' : `files of ${leastBytes} to ${mostBytes} bytes`}`;
  return { path, says, entries: files.length, bytes, files };
}

/** Many names, no content: at most 10,000 in a directory, spread over the items. */
export function makeEmptyFiles(path: string, files: number, items: number, item = 'item'): string {
  const perDirectory = Math.min(10_000, Math.ceil(files / items));
  for (let file = 0; file < files; file++) {
    const directory = Math.floor(file / perDirectory);
    const folder = join(path, `${item}${directory % items}`, `directory${directory}`);
    if (file % perDirectory === 0) mkdirSync(folder, { recursive: true });
    closeSync(openSync(join(folder, `file${file}`), 'w'));
  }
  return path;
}

/** A few large files of incompressible content, each an item of its own. */
export function makeLargeFiles(path: string, files: number, mebibytes: number): Source {
  const block = randomFillSync(Buffer.alloc(MiB));
  for (let file = 0; file < files; file++) {
    mkdirSync(join(path, `item${file}`), { recursive: true });
    const handle = openSync(join(path, `item${file}`, 'large.bin'), 'w');
    for (let at = 0; at < mebibytes; at++) {
      block.writeUInt32LE(file * mebibytes + at, 0);
      writeSync(handle, block);
    }
    closeSync(handle);
  }
  return { path, says: `${files} files of ${mebibytes} MiB`, entries: files, bytes: files * mebibytes * MiB };
}

/** /usr/share on the source's own disk; where at most `most` entries are wanted, one of every few of its items. */
export async function copyShare(path: string, most = Infinity): Promise<Source> {
  mkdirSync(path, { recursive: true });
  const items = readdirSync('/usr/share')
    .toSorted()
    .map((name) => ({ name, ...countTree(join('/usr/share', name)) }));
  const samples = Array.from({ length: 20 }, (_, at) => everyNth(items, at + 1));
  const small = samples.filter((sample) => sum(sample, 'entries') <= most);
  const taken = small.toSorted((a, b) => sum(b, 'entries') - sum(a, 'entries'))[0] ?? [];
  await run('cp', '-a', '--', ...taken.map(({ name }) => join('/usr/share', name)), path);
  const [entries, bytes] = [sum(taken, 'entries'), sum(taken, 'bytes')];
  const part = taken === samples[0] ? '/usr/share' : `${taken.length} of ${items.length} items of /usr/share`;
  return { path, says: `${part}, ${entries} files and symlinks`, entries, bytes };
}

const everyNth = <T>(list: readonly T[], step: number): T[] => list.filter((_, at) => at % step === step - 1);
const sum = (list: readonly { entries: number; bytes: number }[], what: 'entries' | 'bytes'): number =>
  list.reduce((total, one) => total + one[what], 0);

/** All below a path but directories. */
export function countTree(path: string): { entries: number; bytes: number } {
  const count = { entries: 0, bytes: 0 };
  const waiting = [path];
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    const stat = lstatSync(next);
    if (stat.isDirectory()) for (const name of readdirSync(next)) waiting.push(join(next, name));
    else {
      count.entries++;
      count.bytes += stat.size;
    }
  }
  return count;
}
