import type { Batch } from './batch';
import { countLink } from './claims';
import { pathOf, vanished, type Entry } from './entry';
import { DIGEST, PIECE, hash } from './hash';
import { FLAG } from './record';
import { digestOf, openToRead } from './reading';
import { Stat } from './stat';
import { E, SystemError, close, errno, pread } from './sys';
import { META, OP, SPARSE } from './wire';
import { readXattrs } from './xattrs';

const MAX_READS = 4; // of a file that changes while it is read

const after = new Stat();

/** Sends one file: what is short at once, what is long in pieces, later. `same`: only if its content is not what the catalog says. */
export async function sendFile(entry: Entry, same: boolean, flags: number): Promise<void> {
  const { folder, part, name, start } = entry;
  if (entry.stat.size > PIECE) return sendLong(entry, same, flags);
  await folder.breathe(entry.stat.size + DIGEST);
  const fd = openToRead(folder.fd, name.subarray(start));
  if (fd < 0) {
    const code = errno();
    if (code !== E.ENOENT) throw new SystemError(code, 'open');
    return vanished(entry);
  }
  try {
    for (let reads = 1; ; reads++) {
      const xattrs = readXattrs(fd);
      if (!folder.lane.current.fits(entry.stat.size + xattrs.length + DIGEST)) await folder.lane.flush();
      const batch = folder.batch(part);
      const op = putFile(entry, batch, fd, xattrs, same);
      after.of(fd);
      const steady = after.isSameAs(entry.stat);
      if (steady || reads === MAX_READS) {
        folder.pass.unsettled ||= !steady;
        const again = steady ? 0 : FLAG.PENDING; // what was read goes out; the next pass sends it again
        return finishFile(entry, batch, op, flags | again);
      }
      if (op.at >= 0) batch.cancel(op.at);
      folder.pass.counts.rereads++;
      after.raw.copy(entry.stat.raw);
      if (entry.stat.size > PIECE) return await sendLong(entry, false, flags);
    }
  } finally {
    close(fd);
  }
}

interface Put {
  /** Where the op starts in the batch; -1 when there is nothing to send. */
  at: number;
  digest: Uint8Array;
  content: number;
}

function putFile(entry: Entry, batch: Batch, fd: number, xattrs: Buffer, same: boolean): Put {
  const { name, start, end, stat, part, before } = entry;
  const sparse = stat.size > 4096 && stat.stored < stat.size ? SPARSE : 0;
  const at = batch.open(OP.FILE, name, start, end, sparse);
  batch.putMeta(stat, xattrs);
  const digestAt = batch.length;
  const contentAt = digestAt + DIGEST;
  const room = batch.bytes.subarray(contentAt, contentAt + stat.size);
  let got = 0;
  while (got < stat.size) {
    const n = pread(fd, got === 0 ? room : room.subarray(got), stat.size - got, got);
    if (n < 0) {
      const code = errno();
      batch.cancel(at);
      throw new SystemError(code, 'read');
    }
    if (n === 0) break;
    got += n;
  }
  const digest = hash(got === room.length ? room : room.subarray(0, got));
  const { old } = part;
  if (old !== undefined && before >= 0 && hasContent(entry) && old.digest(before).equals(digest)) {
    batch.cancel(at);
    if (same) return { at: -1, digest, content: 0 };
    const meta = batch.open(OP.META, name, start, end);
    batch.putMeta(stat, xattrs);
    return { at: meta, digest, content: 0 };
  }
  batch.bytes.set(digest, digestAt);
  batch.length = contentAt + got;
  return { at, digest, content: got };
}

/** The target's file of that name has the content that the catalog tells, and is of the same inode. */
export function hasContent({ part: { old }, before, stat }: Entry): boolean {
  if (old === undefined || before < 0 || old.type(before) !== stat.type || (old.flags(before) & FLAG.PENDING) !== 0)
    return false;
  const print = old.fingerprint(before);
  return print.compare(stat.raw, 32, 40, 0, 8) === 0 && print.compare(stat.raw, 40, 48, 32, 40) === 0;
}

function finishFile(entry: Entry, batch: Batch, put: Put, flags: number): void {
  const { folder, part, name, start, end, stat } = entry;
  const { counts } = folder.pass;
  const at = part.writer.add(name, start, end, stat, flags);
  part.writer.setDigest(at, put.digest);
  if (put.at < 0) {
    counts.unchanged++;
    return;
  }
  batch.close(put.at, part, at);
  part.rides(batch);
  if (batch.bytes[put.at] === OP.FILE) {
    counts.files++;
    counts.bytes += put.content;
  }
  if (flags === FLAG.LINKED) countLink(folder.pass, batch, stat);
}

/** A long file is made empty now, so that its directory is complete, and filled by pieces later. */
async function sendLong(entry: Entry, same: boolean, flags: number): Promise<void> {
  const { folder, part, name, start, end, stat, before } = entry;
  const { old } = part;
  const { catalog } = folder.pass;
  if (
    old !== undefined &&
    hasContent(entry) &&
    (same || old.fingerprint(before).compare(stat.raw, 112, 124, 20, 32) === 0)
  ) {
    const digest = await digestOf(folder.fd, name.subarray(start), stat, () => folder.breathe());
    if (digest !== undefined && old.digest(before).equals(digest)) return sendLongMeta(entry, digest, same, flags);
  }
  const begun = old !== undefined && before >= 0 && old.isSame(before, stat) && catalog.begun(pathOf(entry), stat);
  const at = part.writer.add(name, start, end, stat, flags | FLAG.PENDING);
  part.changed = true;
  folder.made = true;
  folder.files.names.add(name, start, end);
  folder.files.ids.push(part.place.part);
  if (begun) return;
  await folder.breathe(META);
  const batch = folder.batch(part);
  const op = batch.open(OP.CREATE, name, start, end);
  batch.putNumber(stat.size);
  batch.close(op, part, at);
  part.rides(batch);
  await catalog.begin(pathOf(entry), stat);
}

async function sendLongMeta(entry: Entry, digest: Uint8Array, same: boolean, flags: number): Promise<void> {
  const { folder, part, name, start, end, stat } = entry;
  if (same) {
    const at = part.writer.add(name, start, end, stat, flags);
    part.writer.setDigest(at, digest);
    folder.pass.counts.unchanged++;
    return;
  }
  const fd = openToRead(folder.fd, name.subarray(start));
  if (fd < 0) throw new SystemError(errno(), 'open');
  try {
    const xattrs = readXattrs(fd);
    await folder.breathe(xattrs.length);
    const batch = folder.batch(part);
    const op = batch.open(OP.META, name, start, end);
    batch.putMeta(stat, xattrs);
    finishFile(entry, batch, { at: op, digest, content: 0 }, flags);
  } finally {
    close(fd);
  }
}
