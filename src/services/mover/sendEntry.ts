import { pathOf, vanished, type Entry } from './entry';
import { forgetEntry } from './forget';
import { FLAG, type Record } from './record';
import { sendFile } from './sendFile';
import { sendSymlink } from './sendSymlink';
import { TYPE } from './stat';
import { E, SystemError, errno } from './sys';
import { OP } from './wire';

/** Looks at one entry and sends what the target lacks of it. */
export async function sendEntry(entry: Entry): Promise<void> {
  const { folder, part, stat } = entry;
  const { pass } = folder;
  if (stat.at(folder.fd, entry.name.subarray(entry.start)) < 0) return cannotLook(entry, errno());
  const isFolder = stat.type === TYPE.DIRECTORY;
  if (pass.filter?.excludes(pathOf(entry), isFolder) === true) {
    if (part.old !== undefined && entry.before >= 0) part.writer.keep(part.old, entry.before);
    return;
  }
  pass.counts.seen++;
  if (isFolder) return sendFolderEntry(entry);
  const same = isUnchanged(entry);
  if (same && !(pass.paranoid && carriesContent(entry))) {
    if (part.old !== undefined) part.writer.keep(part.old, entry.before);
    pass.counts.unchanged++;
    return;
  }
  try {
    await sendChanged(entry, same);
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    keepAsFailed(entry, 'read', error.message);
  }
}

/** Of several names of a file only the one that leads was sent with content. */
function carriesContent(entry: Entry): boolean {
  const { stat, folder } = entry;
  if (stat.type !== TYPE.FILE || stat.nlink === 1) return stat.type === TYPE.FILE;
  return folder.pass.claims.leader(Buffer.from(stat.raw.subarray(32, 40)), stat)?.equals(pathOf(entry)) === true;
}

function isUnchanged({ part: { old }, before, stat }: Entry): boolean {
  if (old === undefined || before < 0) return false;
  return old.type(before) === stat.type && (old.flags(before) & FLAG.PENDING) === 0 && old.isSame(before, stat);
}

async function sendChanged(entry: Entry, same: boolean): Promise<void> {
  const { part, stat, before, folder } = entry;
  const { pass } = folder;
  if (!same && part.old !== undefined && before >= 0) releaseIfReplaced(entry);
  switch (stat.type) {
    case TYPE.FILE:
      return stat.nlink > 1 && !same
        ? sendLinked(entry)
        : sendFile(entry, same, same && part.old !== undefined ? part.old.flags(before) : 0);
    case TYPE.SYMLINK:
      return stat.nlink > 1 ? sendLinked(entry) : sendSymlink(entry, 0);
    case TYPE.FIFO:
    case TYPE.CHAR:
    case TYPE.BLOCK:
      if (pass.privileged) return sendNode(entry);
      pass.counts.special++;
      return;
    default:
      pass.counts.special++; // a socket means nothing without the process that listens on it
  }
}

function releaseIfReplaced(entry: Entry): void {
  const { part, before, stat, folder } = entry;
  const { old } = part;
  if (old === undefined) return;
  const inode = stat.raw.subarray(32, 40);
  if (old.type(before) !== stat.type || !old.fingerprint(before).subarray(0, 8).equals(inode)) {
    forgetEntry(folder.pass, old, before, pathOf(entry));
  }
}

function cannotLook(entry: Entry, code: number): void {
  if (code === E.ENOENT) return vanished(entry);
  keepAsFailed(entry, 'list', new SystemError(code, 'stat').message);
}

/** The target keeps what it has, and the next pass tries again. */
function keepAsFailed(entry: Entry, phase: 'list' | 'read', why: string): void {
  const { part, before, folder } = entry;
  if (part.old !== undefined && before >= 0) {
    const at = part.writer.keep(part.old, before);
    part.writer.setFlags(at, part.old.flags(before) | FLAG.PENDING);
    part.changed = true;
  }
  folder.pass.failures.add(pathOf(entry), phase, why);
}

function sendFolderEntry(entry: Entry): void {
  const { folder, part, name, start, end, before } = entry;
  const { pass } = folder;
  const { old } = part;
  let id: number;
  let known = false;
  if (old !== undefined && before >= 0 && old.type(before) === TYPE.DIRECTORY) {
    id = old.directoryId(before);
    keepFolder(entry, old, id);
    pass.counts.unchanged++;
    known = true;
  } else {
    if (old !== undefined && before >= 0) forgetEntry(pass, old, before, pathOf(entry));
    id = folder.at.id === 0 ? 1 : pass.catalog.newId();
    const at = part.writer.add(name, start, end, entry.stat, 0);
    part.writer.setDirectoryId(at, id);
    const batch = folder.batch(part);
    batch.close(batch.open(OP.FOLDER, name, start, end), part, at);
    part.rides(batch);
    folder.made = true;
  }
  // One that was made anew may have got the inode of the old one; the journal names it only when something happened in it.
  if (known && pass.journaled && (pass.named.has(id) || isAsRecorded(entry, id))) return;
  folder.folders.names.add(name, start, end);
  folder.folders.ids.push(id);
}

const isAsRecorded = ({ folder, stat }: Entry, id: number): boolean =>
  folder.pass.catalog.record(id, 0, 0)?.isSameDirectory(stat) === true;

/** It may be another directory than before: what the catalog knows of its entries holds for those that are the same. */
function keepFolder({ folder, part, name, start, end, before, stat }: Entry, old: Record, id: number): void {
  if (old.fingerprint(before).compare(stat.raw, 32, 40, 0, 8) === 0) {
    part.writer.keep(old, before);
    return;
  }
  part.writer.setDirectoryId(part.writer.add(name, start, end, stat, 0), id);
  part.changed = true;
  folder.pass.replaced = true;
}

/** A file or symlink with other names: the first one carries the content, the others become links when the item is through. */
async function sendLinked(entry: Entry): Promise<void> {
  const { folder, part, stat } = entry;
  const { claims } = folder.pass;
  const inode = Buffer.from(stat.raw.subarray(32, 40));
  const path = pathOf(entry);
  const leader = claims.leader(inode, stat);
  if (leader !== undefined && !leader.equals(path)) {
    folder.pass.links.add(folder.at, part.place, entry.name.subarray(entry.start, entry.end));
    part.writer.add(entry.name, entry.start, entry.end, stat, FLAG.PENDING | FLAG.LINKED);
    part.changed = true;
    return;
  }
  claims.lead(inode, stat, path);
  await (stat.type === TYPE.SYMLINK ? sendSymlink(entry, FLAG.LINKED) : sendFile(entry, false, FLAG.LINKED));
}

async function sendNode(entry: Entry): Promise<void> {
  const { folder, part, name, start, end, stat } = entry;
  const batch = folder.batch(part);
  const op = batch.open(OP.NODE, name, start, end);
  batch.putMeta(stat, Buffer.alloc(0));
  batch.close(op, part, part.writer.add(name, start, end, stat, 0));
  part.rides(batch);
}
