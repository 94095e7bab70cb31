import type { Lane } from './lane';
import { Names, readNames } from './dents';
import type { Entry } from './entry';
import { Folder } from './folder';
import { forgetEntry } from './forget';
import { sendEntry } from './sendEntry';
import { join } from './names';
import { openBeneath } from './places';
import { Part, REF } from './part';
import type { Pass, Place } from './pass';
import { HEAD, Record } from './record';
import { Stat, TYPE } from './stat';
import { SystemError, close, errno, E } from './sys';
import { OP } from './wire';
import { readXattrs } from './xattrs';

const PART_SIZE = 1024; // entries of one record

/** FNV-1a: which part of a very large directory a name belongs to. */
export function partOf(name: Uint8Array, start: number, end: number, level: number): number {
  if (level === 0) return 0;
  let h = 0x811c9dc5;
  for (let i = start; i < end; i++) h = Math.imul(h ^ (name[i] ?? 0), 0x01000193);
  return h >>> (32 - level);
}

function levelFor(count: number): number {
  let level = 0;
  while (count > PART_SIZE * 2 ** level && level < 20) level++;
  return level;
}

/** Brings one directory of the target up to date with the source; its sub-directories and long files are left in the work. */
export async function sendFolder(pass: Pass, lane: Lane, at: Place): Promise<void> {
  const fd = openBeneath(pass.root, at.path);
  if (fd < 0) {
    const code = errno();
    if (code !== E.ENOENT) pass.failures.add(at.path, 'list', new SystemError(code, 'open').message);
    return;
  }
  try {
    const folder = new Folder(pass, lane, fd, at);
    folder.stat.of(fd);
    await sendNames(folder, readNames(fd), true);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    pass.failures.add(at.path, 'list', error.message);
  } finally {
    close(fd);
  }
}

/** The store's root: only the item, and the root itself stays as it is. */
export async function sendItem(pass: Pass, lane: Lane): Promise<void> {
  const folder = new Folder(pass, lane, pass.root, { path: Buffer.alloc(0), id: 0, level: 0, part: 0 });
  await sendNames(folder, Names.of(pass.item), false);
}

async function sendNames(folder: Folder, names: Names, ends: boolean): Promise<void> {
  const { pass, at } = folder;
  const head = pass.catalog.record(at.id, 0, 0);
  const level = Math.max(levelFor(names.count), head?.level ?? 0, head?.growing ?? 0);
  if (level > 0) markGrowing(pass, at.id, head, level);
  if (pass.reconcile && head === undefined && ends) await removeUnknown(folder, names);
  let changed = head?.owed ?? true;
  let last: Part | undefined;
  for (let number = 0; number < 2 ** level; number++) {
    const old = level === 0 ? head : oldPart(pass, at.id, level, number);
    const part = new Part(pass, { ...at, level, part: number }, old, level);
    await sendPart(folder, part, names, level, number);
    changed ||= part.changed;
    if (level > 0) part.close();
    last = part;
  }
  const tail =
    level === 0 && last !== undefined ? last : new Part(pass, { ...at, level: 0, part: 0 }, undefined, level);
  if (ends && (changed || head === undefined || !head.isSameDirectory(folder.stat))) endFolder(folder, tail);
  else if (!ends) tail.ended = folder.stat;
  tail.close();
  for (const frame of [folder.files, folder.folders]) {
    frame.sequence = folder.made ? folder.lane.sealed + 1 : 0;
    pass.work.push(frame);
  }
}

/** END goes last into a directory: whatever came before it disturbed its times. */
function endFolder(folder: Folder, tail: Part): void {
  const { pass } = folder;
  let xattrs: Buffer;
  try {
    folder.stat.of(folder.fd);
    xattrs = readXattrs(folder.fd);
  } catch (error) {
    pass.failures.add(folder.at.path, 'read', (error as Error).message);
    return;
  }
  const batch = folder.batch(tail);
  const op = batch.open(OP.END, folder.at.path, 0, 0);
  batch.putMeta(folder.stat, xattrs);
  batch.close(op, tail, REF.END);
  tail.ended = folder.stat;
  tail.rides(batch);
  pass.counts.directories++;
}

/** Says on disk that this directory will have so many parts, before the first of them is stored. */
function markGrowing(pass: Pass, id: number, head: Record | undefined, level: number): void {
  if (head?.level === level && head.owed) return;
  const bytes = head === undefined ? Buffer.alloc(HEAD) : Buffer.from(head.bytes);
  bytes[0] = 1;
  bytes[3] = level;
  pass.catalog.putRecord(id, 0, 0, bytes);
}

/** What is known of the entries of this part, from itself or from the larger part that it was cut out of. */
function oldPart(pass: Pass, id: number, level: number, part: number): Record | undefined {
  for (let l = level; l >= 0; l--) {
    const record = pass.catalog.record(id, l, part >>> (level - l));
    if (record === undefined || (l === 0 && record.level > 0)) continue;
    if (l === level) return record;
    const mine = [...record.entries()].filter((at) => {
      const name = record.name(at);
      return partOf(name, 0, name.length, level) === part;
    });
    return new Record(
      Buffer.concat([record.bytes.subarray(0, HEAD), ...mine.map((at) => record.bytes.subarray(at, record.next(at)))]),
    );
  }
  return undefined;
}

async function sendPart(folder: Folder, part: Part, names: Names, level: number, number: number): Promise<void> {
  const { old } = part;
  const met = new Set<number>();
  const entry: Entry = { folder, part, name: names.bytes, start: 0, end: 0, before: -1, stat: new Stat() };
  for (const start of names.starts) {
    const end = names.end(start);
    if (level > 0 && partOf(names.bytes, start, end, level) !== number) continue;
    entry.start = start;
    entry.end = end;
    entry.before = old?.find(names.bytes, start, end) ?? -1;
    if (entry.before >= 0) met.add(entry.before);
    await folder.breathe();
    await sendEntry(entry);
  }
  if (old === undefined) return;
  for (const at of old.entries()) if (!met.has(at)) await removeGone(folder, part, old, at);
}

async function removeGone(folder: Folder, part: Part, old: Record, at: number): Promise<void> {
  const { pass } = folder;
  const name = old.name(at);
  const path = join(folder.at.path, name);
  const isFolder = old.type(at) === TYPE.DIRECTORY;
  if (pass.filter?.excludes(path, isFolder) === true) {
    part.writer.keep(old, at); // it was sent before the filter was there, and stays
    return;
  }
  forgetEntry(pass, old, at, path);
  await folder.breathe(name.length);
  const batch = folder.batch(part);
  const op = batch.open(OP.REMOVE, name, 0, name.length);
  batch.close(op, part, REF.REMOVE - at);
  part.rides(batch);
  pass.counts.deleted++;
}

/** The catalog knows nothing of this directory, but the target may: what is there and not here goes. */
async function removeUnknown(folder: Folder, names: Names): Promise<void> {
  const { pass, lane, at } = folder;
  await lane.flush();
  const part = new Part(pass, at, undefined, 0);
  const batch = folder.batch(part);
  batch.close(batch.open(OP.LIST, at.path, 0, 0));
  const there = (await lane.ask()).names ?? [];
  const here = new Set(names.starts.map((start) => names.bytes.toString('latin1', start, names.end(start))));
  for (const encoded of there) {
    const name = Buffer.from(encoded, 'base64');
    if (here.has(name.toString('latin1')) || pass.filter?.excludes(join(at.path, name), false) === true) continue;
    await folder.breathe(name.length);
    const into = folder.batch(part);
    into.close(into.open(OP.REMOVE, name, 0, name.length), {
      refused: (why) => pass.failures.add(join(at.path, name), 'store', why),
    });
    pass.counts.deleted++;
  }
}
