import { E, SystemError, errno, getdents64 } from './sys';

const DOT = 0x2e;
const chunk = Buffer.alloc(256 * 1024);

/**
 * The names of one directory, packed: NUL-terminated bytes in one buffer, and where each starts.
 * About 30 bytes a name: a directory with a million entries fits in 30 MB.
 */
export class Names {
  bytes: Buffer = Buffer.allocUnsafe(4096);
  starts: number[] = [];
  private used = 0;

  add(from: Buffer, start: number, end: number): void {
    const length = end - start;
    if (this.used + length + 1 > this.bytes.length) {
      const larger = Buffer.allocUnsafeSlow((this.bytes.length + length) * 2);
      this.bytes.copy(larger, 0, 0, this.used);
      this.bytes = larger;
    }
    from.copy(this.bytes, this.used, start, end);
    this.bytes[this.used + length] = 0;
    this.starts.push(this.used);
    this.used += length + 1;
  }
  get count(): number {
    return this.starts.length;
  }
  /** From its first byte to its NUL, which is not part of it. */
  end(start: number): number {
    return this.bytes.indexOf(0, start);
  }
  static of(name: Uint8Array): Names {
    const names = new Names();
    names.add(Buffer.from(name), 0, name.length);
    return names;
  }
}

/** Reads every name of a directory but `.` and `..`, in the file system's own order. */
export function readNames(fd: number): Names {
  const names = new Names();
  for (;;) {
    const got = getdents64(fd, chunk, chunk.length);
    if (got === 0) return names;
    if (got < 0) {
      const code = errno();
      if (code === E.ENOENT) return names; // removed while it was read
      throw new SystemError(code, 'getdents64');
    }
    for (let at = 0; at < got;) {
      const length = chunk.readUInt16LE(at + 16);
      const start = at + 19;
      const end = chunk.indexOf(0, start);
      const isDot = chunk[start] === DOT && (end === start + 1 || (end === start + 2 && chunk[start + 1] === DOT));
      if (!isDot) names.add(chunk, start, end);
      at += length;
    }
  }
}
