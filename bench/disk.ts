import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Endings } from '../src/laboratory/endings';
import { run } from '../src/laboratory/run';
import { isRoot, lacking } from '../src/stack/packages';

export interface Disk {
  /** Where it is mounted, or a directory where nothing can be mounted. */
  path: string;
  /** How it is made, as the head of the table says it. */
  kind: string;
}

/** A directory of this bench alone. */
export function scratch(endings: Endings): string {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-bench-'));
  endings.add(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * An ext4 of its own on a loop device, so that what else the machine writes does not share its journal;
 * an inode for each 8 KiB. Not root: a directory.
 */
export async function makeDisk(
  endings: Endings,
  folder: string,
  name: string,
  bytes: number,
  say: (line: string) => void,
): Promise<Disk> {
  const path = join(folder, name);
  mkdirSync(path);
  const why = isRoot() ? (lacking('ext4', say) ?? lacking('loop', say)) : 'not root';
  if (why !== undefined) return { path, kind: `a directory of ${tmpdir()} (${why})` };
  const image = `${path}.img`;
  const file = await open(image, 'w');
  await file.truncate(bytes);
  await file.close();
  await run('mkfs.ext4', '-q', '-F', '-i', '8192', '-E', 'lazy_itable_init=0,lazy_journal_init=0', image);
  await run('mount', '-o', 'loop,noatime', image, path);
  endings.add(() => run('umount', path));
  return { path, kind: 'ext4 on a loop device of its own' };
}

/** Everything written so far is on the platter: what follows starts from the same place. */
export const settle = (path: string): Promise<void> => run('sync', '-f', path);

/** An empty directory, whatever was there; outside of every figure. */
export async function emptied(path: string): Promise<string> {
  await run('rm', '-rf', '--', path);
  mkdirSync(path, { recursive: true });
  return path;
}

/**
 * Makes the machine's own memory ready for that much page cache. The host of a virtual machine backs a page when it is
 * first touched, on the CPU time of whoever touches it: without this the first side of a round pays for the others.
 */
export async function touchMemory(path: string, bytes: number): Promise<void> {
  const file = join(path, 'touched');
  await run('dd', 'if=/dev/zero', `of=${file}`, 'bs=1M', `count=${Math.ceil(bytes / 1024 ** 2)}`, 'status=none');
  await run('rm', '--', file);
}
