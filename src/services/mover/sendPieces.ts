import { noteClosed } from './closed';
import { DIGEST, PIECE, hash, holeDigest, newHash } from './hash';
import type { Lane } from './lane';
import { join, terminated } from './names';
import { openBeneath } from './places';
import type { Pass, Task } from './pass';
import { FLAG } from './record';
import { isHole, readPiece } from './reading';
import { Stat, TYPE } from './stat';
import { E, O, SystemError, close, errno } from './sys';
import { AGAIN, OP, SPARSE } from './wire';
import { readXattrs } from './xattrs';

const MAX_READS = 3; // of a file that changes while it is read

/** A long file on its way: which pieces the receiver has acknowledged is on disk, so a crash costs only those on the way. */
class LongFile {
  outstanding = 0;
  refusal: string | undefined;
  constructor(
    readonly pass: Pass,
    readonly lane: Lane,
    readonly folder: Buffer,
    readonly name: Buffer,
    readonly fd: number,
    readonly stat: Stat,
  ) {}
  get path(): Buffer {
    return join(this.folder, this.name);
  }
  refused(why: string): void {
    this.refusal ??= why;
  }
  /** The batch, with the directory and this file open in it. */
  batch() {
    const batch = this.lane.current;
    if (batch.folder === this) return batch;
    noteClosed(this.pass, this.folder);
    batch.close(batch.open(OP.OPEN, this.folder, 0, this.folder.length), this);
    batch.close(batch.open(OP.RESUME, this.name, 0, this.name.length), this);
    batch.folder = this;
    return batch;
  }
  async room(size: number): Promise<void> {
    if (this.lane.current.isFull || !this.lane.current.fits(size + this.path.length + 1024)) await this.lane.flush();
  }
  /** All that was sent of it has been carried out, or refused. */
  async settled(): Promise<void> {
    await this.lane.flush();
    await this.lane.until(() => this.outstanding === 0);
  }
}

/** Fills one long file of the target. */
export async function sendPieces(pass: Pass, lane: Lane, { frame, index }: Task): Promise<void> {
  const start = frame.names.starts[index] ?? 0;
  const name = Buffer.from(frame.names.bytes.subarray(start, frame.names.end(start)));
  const path = join(frame.at.path, name);
  const fd = openBeneath(pass.root, path, O.RDONLY | O.NONBLOCK);
  if (fd < 0) {
    const code = errno();
    if (code !== E.ENOENT) pass.failures.add(path, 'read', new SystemError(code, 'open').message);
    return;
  }
  try {
    const long = new LongFile(pass, lane, frame.at.path, name, fd, new Stat());
    const steady = await sendUntilSteady(long);
    if (long.refusal !== undefined) {
      pass.failures.add(path, 'store', long.refusal);
      await pass.catalog.abandon(path);
    } else if (steady !== undefined) await finish(long, steady, { ...frame.at, part: frame.ids[index] ?? 0 });
  } catch (error) {
    if (!(error instanceof SystemError)) throw error;
    pass.failures.add(path, 'read', error.message);
  } finally {
    close(fd);
  }
}

interface Steady {
  digest: Uint8Array;
  /** It changed each time it was read: the next pass sends it again. */
  again: boolean;
}

async function sendUntilSteady(long: LongFile): Promise<Steady | undefined> {
  const after = new Stat();
  for (let reads = 1; ; reads++) {
    long.stat.of(long.fd);
    if (long.stat.type !== TYPE.FILE) return undefined;
    await sendMissing(long);
    await long.settled();
    if (long.refusal !== undefined) return undefined;
    after.of(long.fd);
    const steady = after.isSameAs(long.stat);
    if (steady || reads === MAX_READS) return { digest: await wholeDigest(long), again: !steady };
    long.pass.counts.rereads++;
  }
}

async function sendMissing(long: LongFile): Promise<void> {
  const { pass, stat, path } = long;
  const { catalog } = pass;
  await catalog.settled();
  if (!catalog.begun(path, stat)) await create(long);
  const there = catalog.pieces(path, Math.ceil(stat.size / PIECE));
  const sparse = stat.stored < stat.size;
  for (let number = 0; number * PIECE < stat.size; number++) {
    if (there[number] === 1) continue;
    const offset = number * PIECE;
    const length = Math.min(PIECE, stat.size - offset);
    if (sparse && isHole(long.fd, offset, offset + length)) catalog.putPiece(path, number, holeDigest(length));
    else await sendPiece(long, number, length, sparse);
    if (long.refusal !== undefined) return;
  }
}

async function create(long: LongFile): Promise<void> {
  const { stat, name } = long;
  await long.settled();
  const batch = long.lane.current;
  batch.close(batch.open(OP.OPEN, long.folder, 0, long.folder.length), long);
  const op = batch.open(OP.CREATE, name, 0, name.length, AGAIN);
  batch.putNumber(stat.size);
  batch.close(op, long);
  batch.folder = long;
  await long.pass.catalog.begin(long.path, stat);
}

async function sendPiece(long: LongFile, number: number, length: number, sparse: boolean): Promise<void> {
  await long.room(length + DIGEST);
  const { name, pass } = long;
  const batch = long.batch();
  const op = batch.open(OP.PIECE, name, 0, name.length, sparse ? SPARSE : 0);
  batch.putNumber(number * PIECE);
  const at = batch.length;
  const got = readPiece(long.fd, batch.bytes.subarray(at + DIGEST, at + DIGEST + length), length, number * PIECE);
  const digest = hash(batch.bytes.subarray(at + DIGEST, at + DIGEST + got));
  batch.bytes.set(digest, at);
  batch.length = at + DIGEST + got;
  batch.close(op, long);
  pass.counts.bytes += got;
  long.outstanding++;
  batch.notify(
    {
      acked: () => {
        long.outstanding--;
        if (long.refusal === undefined) pass.catalog.putPiece(long.path, number, digest);
      },
    },
    0,
  );
}

async function wholeDigest(long: LongFile): Promise<Uint8Array> {
  await long.pass.catalog.settled();
  const whole = await newHash();
  for (const digest of long.pass.catalog.pieceDigests(long.path)) whole.update(digest);
  return whole.digest('binary');
}

async function finish(
  long: LongFile,
  { digest, again }: Steady,
  at: { id: number; level: number; part: number },
): Promise<void> {
  const { pass, name, stat, path } = long;
  const xattrs = readXattrs(long.fd);
  await long.room(xattrs.length);
  const batch = long.batch();
  const op = batch.open(OP.FINISH, name, 0, name.length);
  batch.putMeta(stat, xattrs);
  batch.close(op, long);
  await long.lane.drain();
  if (long.refusal !== undefined) {
    pass.failures.add(path, 'store', long.refusal);
    return pass.catalog.abandon(path);
  }
  pass.counts.files++;
  pass.unsettled ||= again;
  await pass.catalog.patch(at.id, at.level, at.part, (record) => {
    const entry = record.find(terminated(name), 0, name.length);
    if (entry < 0) return;
    stat.fingerprint(record.fingerprint(entry), 0);
    record.digest(entry).set(digest);
    const linked = record.flags(entry) & FLAG.LINKED;
    record.setFlags(entry, linked | (again ? FLAG.PENDING : 0));
  });
  if (stat.nlink > 1) pass.claims.count(Buffer.from(stat.raw.subarray(32, 40)));
  await pass.catalog.abandon(path);
}
