import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Stat } from './stat';
import { must } from './sys';

export const bootId = (): string => readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();

/** Names a store for those who remember what they sent to it: another directory, or one whose state was lost, has another name. */
export function storeId(stateDir: string, root: string, fd: number): string {
  const stat = new Stat();
  must(stat.of(fd), root);
  const folder = join(stateDir, 'stores');
  const file = join(folder, createHash('sha256').update(root).digest('hex').slice(0, 32));
  mkdirSync(folder, { recursive: true });
  let id = readIfThere(file);
  if (id === '') writeFileSync(file, (id = randomUUID()));
  return `${id}/${stat.birth()}`;
}

function readIfThere(file: string): string {
  try {
    return readFileSync(file, 'latin1');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}

/** Of whatever has that name; empty when nothing has. Ours only as long as it is the same: see `Begun`. */
export function birthOf(root: number, name: Buffer): string {
  const stat = new Stat();
  return stat.at(root, name) < 0 ? '' : stat.birthAt(root, name);
}

/** Of the item as it is on disk; empty when there is none. */
export function itemBirth(root: number, name: Buffer): string {
  const stat = new Stat();
  // Regular files and symlinks are replaced by each change; only a directory keeps its birth.
  if (stat.at(root, name) < 0) return '';
  return stat.type === 4 ? stat.birthAt(root, name) : 'not a directory';
}
