import { DIGEST, PIECE, hash, holeDigest, newHash } from './hash';
import type { Stat } from './stat';
import { E, O, SEEK, SystemError, close, errno, lseek, openat, pread } from './sys';

const READ = O.RDONLY | O.NOFOLLOW | O.NONBLOCK | O.CLOEXEC;
const NOATIME = process.geteuid?.() === 0 ? O.NOATIME : 0;

export function openToRead(dir: number, name: Uint8Array): number {
  const fd = openat(dir, name, READ | NOATIME, 0);
  if (fd >= 0) return fd;
  const code = errno();
  if (code === E.EPERM && NOATIME !== 0) return openat(dir, name, READ, 0);
  return fd;
}

const piece = Buffer.allocUnsafeSlow(PIECE);

/** Is this range one hole? Only asked of files that have fewer blocks than bytes. */
export function isHole(fd: number, from: number, to: number): boolean {
  const data = lseek(fd, from, SEEK.DATA);
  return data < 0 ? errno() === E.ENXIO : data >= to;
}

/** Reads a piece whole. Less than wanted: the file has shrunk. */
export function readPiece(fd: number, into: Buffer, wanted: number, offset: number): number {
  let got = 0;
  while (got < wanted) {
    const n = pread(fd, into.subarray(got), wanted - got, offset + got);
    if (n < 0) throw new SystemError(errno(), 'read');
    if (n === 0) break;
    got += n;
  }
  return got;
}

/** The content digest of a file as it is on disk; undefined when it is no longer there. */
export async function digestOf(
  dir: number,
  name: Uint8Array,
  stat: Stat,
  breathe: () => Promise<void>,
): Promise<Uint8Array | undefined> {
  const fd = openToRead(dir, name);
  if (fd < 0) {
    const code = errno();
    if (code === E.ENOENT) return undefined;
    throw new SystemError(code, 'open');
  }
  try {
    const { size } = stat;
    if (size <= PIECE) return hash(piece.subarray(0, readPiece(fd, piece, size, 0)));
    const sparse = stat.stored < size;
    const whole = await newHash();
    for (let at = 0; at < size; at += PIECE) {
      const length = Math.min(PIECE, size - at);
      if (sparse && isHole(fd, at, at + length)) whole.update(holeDigest(length));
      else whole.update(hash(piece.subarray(0, readPiece(fd, piece, length, at))));
      await breathe();
    }
    return whole.digest('binary').subarray(0, DIGEST);
  } finally {
    close(fd);
  }
}
