import { AT, EMPTY, statx } from './sys';

export const TYPE = { FIFO: 1, CHAR: 2, DIRECTORY: 4, BLOCK: 6, FILE: 8, SYMLINK: 10, SOCKET: 12 } as const;

const BASIC = 0x7ff; // everything that stat(2) has
const BIRTH = 0x800;

/** How many bytes `fingerprint` writes: inode, ctime, mtime and size, raw. Equal fingerprints: not touched since. */
export const FINGERPRINT = 40;
const PRINTED = [8, 9, 10, 11, 24, 25, 26, 28, 29, 30]; // its words in statx

/** One reusable answer of statx(2). */
export class Stat {
  readonly raw = Buffer.alloc(256);
  private readonly words = new Uint32Array(this.raw.buffer, this.raw.byteOffset, 64);

  /** Looks at `name` itself, never through a symlink. Negative on failure: see errno. */
  at(dir: number, name: Uint8Array): number {
    return statx(dir, name, AT.SYMLINK_NOFOLLOW, BASIC, this.raw);
  }
  of(fd: number): number {
    return statx(fd, EMPTY, AT.EMPTY_PATH, BASIC | BIRTH, this.raw);
  }
  birthAt(dir: number, name: Uint8Array): string {
    statx(dir, name, AT.SYMLINK_NOFOLLOW, BASIC | BIRTH, this.raw);
    return this.birth();
  }
  private word(byte: number): number {
    return this.words[byte >> 2] ?? 0;
  }
  private long(byte: number): number {
    return this.word(byte) + this.word(byte + 4) * 0x1_0000_0000;
  }
  get nlink(): number {
    return this.word(16);
  }
  get uid(): number {
    return this.word(20);
  }
  get gid(): number {
    return this.word(24);
  }
  get mode(): number {
    return this.word(28) & 0xffff;
  }
  get type(): number {
    return (this.word(28) & 0xffff) >> 12;
  }
  get ino(): number {
    return this.long(32);
  }
  get size(): number {
    return this.long(40);
  }
  /** Bytes on disk. */
  get stored(): number {
    return this.long(48) * 512;
  }
  get rdevMajor(): number {
    return this.word(128);
  }
  get rdevMinor(): number {
    return this.word(132);
  }
  get mtimeNs(): bigint {
    return this.raw.readBigInt64LE(112) * 1_000_000_000n + BigInt(this.word(120));
  }
  /** Device and inode: what hard links share. */
  identity(): Buffer {
    const out = Buffer.allocUnsafe(16);
    this.raw.copy(out, 0, 136, 144);
    this.raw.copy(out, 8, 32, 40);
    return out;
  }
  /**
   * Inode and birth: changes when the thing is removed and made again, and stays over a reboot, after which a device may have
   * another number. Where the file system tells no birth, the device's number must do.
   */
  birth(): string {
    const seconds = this.raw.readBigInt64LE(80);
    if (seconds === 0n) return `${this.word(136)}:${this.word(140)}:${this.ino}`;
    return `${this.ino}:${seconds}.${this.word(88)}`;
  }
  fingerprint(out: Uint8Array, at: number): void {
    out.set(this.raw.subarray(32, 40), at);
    out.set(this.raw.subarray(96, 108), at + 8);
    out.set(this.raw.subarray(112, 124), at + 20);
    out.set(this.raw.subarray(40, 48), at + 32);
  }
  /** Same inode, times and size as this fingerprint tells? */
  isSame(print: Buffer, at: number): boolean {
    const w = this.words;
    return (
      print.readUInt32LE(at) === w[8] &&
      print.readUInt32LE(at + 16) === w[26] &&
      print.readUInt32LE(at + 8) === w[24] &&
      print.readUInt32LE(at + 32) === w[10] &&
      print.readUInt32LE(at + 28) === w[30] &&
      print.readUInt32LE(at + 20) === w[28] &&
      print.readUInt32LE(at + 4) === w[9] &&
      print.readUInt32LE(at + 12) === w[25] &&
      print.readUInt32LE(at + 24) === w[29] &&
      print.readUInt32LE(at + 36) === w[11]
    );
  }
  isSameAs(other: Stat): boolean {
    for (const i of PRINTED) if (this.words[i] !== other.words[i]) return false;
    return true;
  }
}
