import { FINGERPRINT, type Stat } from './stat';

/**
 * What the catalog knows of one directory, or of one part of a very large one, packed:
 * head:  [u8 version][u8 owed][u8 level][u8 growing][40 fingerprint of the directory]
 * entry: [u8 name length][u8 type][u8 flags][u8 0][40 fingerprint][16 content digest | 8 id of the sub-directory][name]
 * `owed`: the target's directory still waits for its own times. `level`: the directory has 2^level parts.
 */
export const HEAD = 44;
const ENTRY = 60;
const VERSION = 1;
const FP = 4;
const DIGEST_AT = 44;

/** `pending`: the target does not have it whole yet (a link to be made, a file in pieces); it counts as changed. */
export const FLAG = { PENDING: 1, LINKED: 2 } as const;

/** Reads a record; entries are found in the order they were written, or by name. */
export class Record {
  private cursor = HEAD;
  private index: Map<string, number> | undefined;

  constructor(readonly bytes: Buffer) {}

  static read(bytes: Buffer | undefined): Record | undefined {
    return bytes !== undefined && bytes.length >= HEAD && bytes[0] === VERSION ? new Record(bytes) : undefined;
  }
  get owed(): boolean {
    return this.bytes[1] === 1;
  }
  get level(): number {
    return this.bytes[2] ?? 0;
  }
  get growing(): number {
    return this.bytes[3] ?? 0;
  }
  isSameDirectory(stat: Stat): boolean {
    return stat.isSame(this.bytes, FP);
  }
  /** Where the entry of that name is; -1 when there is none. An unchanged directory is read straight through. */
  find(name: Buffer, start: number, end: number): number {
    const at = this.cursor;
    if (at < this.bytes.length && this.nameIs(at, name, start, end)) {
      this.cursor = this.next(at);
      return at;
    }
    this.index ??= this.indexed();
    const found = this.index.get(name.toString('latin1', start, end));
    if (found === undefined) return -1;
    this.cursor = this.next(found);
    return found;
  }
  private nameIs(at: number, name: Buffer, start: number, end: number): boolean {
    const length = this.bytes[at] ?? 0;
    if (length !== end - start) return false;
    for (let i = 0; i < length; i++) if (this.bytes[at + ENTRY + i] !== name[start + i]) return false;
    return true;
  }
  private indexed(): Map<string, number> {
    const index = new Map<string, number>();
    for (const at of this.entries()) index.set(this.key(at), at);
    return index;
  }
  *entries(): Generator<number> {
    for (let at = HEAD; at < this.bytes.length; at = this.next(at)) yield at;
  }
  next(at: number): number {
    return at + ENTRY + (this.bytes[at] ?? 0);
  }
  key(at: number): string {
    return this.bytes.toString('latin1', at + ENTRY, this.next(at));
  }
  name(at: number): Buffer {
    return this.bytes.subarray(at + ENTRY, this.next(at));
  }
  type(at: number): number {
    return this.bytes[at + 1] ?? 0;
  }
  flags(at: number): number {
    return this.bytes[at + 2] ?? 0;
  }
  setFlags(at: number, flags: number): void {
    this.bytes[at + 2] = flags;
  }
  /** The target's directory has its own times again. */
  setEnded(stat: Stat): void {
    stat.fingerprint(this.bytes, FP);
    this.bytes[1] = 0;
  }
  isSame(at: number, stat: Stat): boolean {
    return stat.isSame(this.bytes, at + FP);
  }
  fingerprint(at: number): Buffer {
    return this.bytes.subarray(at + FP, at + FP + FINGERPRINT);
  }
  digest(at: number): Buffer {
    return this.bytes.subarray(at + DIGEST_AT, at + ENTRY);
  }
  directoryId(at: number): number {
    return this.bytes.readUIntLE(at + DIGEST_AT, 6);
  }
}

/** Writes a record, entry by entry. What was appended stays where it is, so an entry is known by its offset. */
export class RecordWriter {
  private bytes = Buffer.alloc(4096);
  length = HEAD;

  private room(size: number): void {
    if (this.length + size <= this.bytes.length) return;
    const larger = Buffer.alloc((this.bytes.length + size) * 2);
    this.bytes.copy(larger, 0, 0, this.length);
    this.bytes = larger;
  }
  /** Takes an entry over as it was. */
  keep(from: Record, at: number): number {
    const end = from.next(at);
    this.room(end - at);
    from.bytes.copy(this.bytes, this.length, at, end);
    return this.advance(end - at);
  }
  add(name: Buffer, start: number, end: number, stat: Stat, flags: number): number {
    this.room(ENTRY + end - start);
    const at = this.length;
    this.bytes[at] = end - start;
    this.bytes[at + 1] = stat.type;
    this.bytes[at + 2] = flags;
    this.bytes[at + 3] = 0;
    stat.fingerprint(this.bytes, at + FP);
    this.bytes.fill(0, at + DIGEST_AT, at + ENTRY);
    name.copy(this.bytes, at + ENTRY, start, end);
    return this.advance(ENTRY + end - start);
  }
  private advance(size: number): number {
    this.length += size;
    return this.length - size;
  }
  /** Forgets the entry that was added last. */
  undo(at: number): void {
    this.length = at;
  }
  setDigest(at: number, digest: Uint8Array): void {
    this.bytes.set(digest, at + DIGEST_AT);
  }
  setDirectoryId(at: number, id: number): void {
    this.bytes.writeUIntLE(id, at + DIGEST_AT, 6);
  }
  setFlags(at: number, flags: number): void {
    this.bytes[at + 2] = flags;
  }
  /** Entries whose op was refused are left out when the record is stored: they are sent again. */
  readonly refused = new Set<number>();

  name(at: number): Buffer {
    return this.bytes.subarray(at + ENTRY, at + ENTRY + (this.bytes[at] ?? 0));
  }

  /** The record as far as `upTo`, and, for what comes after it, what the old record said. */
  build(
    head: { owed: boolean; level: number; growing: number; stat?: Stat | undefined },
    upTo: number,
    old?: Record,
  ): Buffer {
    const parts: Buffer[] = [this.headOf(head)];
    const now = new Record(this.bytes.subarray(0, upTo));
    if (this.refused.size === 0) parts.push(this.bytes.subarray(HEAD, upTo));
    else for (const at of now.entries()) if (!this.refused.has(at)) parts.push(this.bytes.subarray(at, now.next(at)));
    if (old !== undefined) {
      const known = new Set<string>();
      for (const at of now.entries()) known.add(now.key(at));
      for (const at of old.entries()) if (!known.has(old.key(at))) parts.push(old.bytes.subarray(at, old.next(at)));
    }
    return Buffer.concat(parts);
  }
  private headOf(head: { owed: boolean; level: number; growing: number; stat?: Stat | undefined }): Buffer {
    const bytes = Buffer.alloc(HEAD);
    bytes[0] = VERSION;
    bytes[1] = head.owed ? 1 : 0;
    bytes[2] = head.level;
    bytes[3] = head.growing;
    head.stat?.fingerprint(bytes, FP);
    return bytes;
  }
}
