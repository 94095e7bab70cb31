import type { Stat } from './stat';
import { FRAME_HEAD, KIND, LONGEST_FRAME, META, OP_HEAD } from './wire';

/** Closed when it is this long. */
export const FULL = 1024 * 1024;

/** What waits for the receiver's word on an op. */
export interface Carried {
  /** The op was refused: `why` in words. */
  refused(why: string, ref: number): void;
}
/** What waits until the whole batch was carried out. */
export interface Waiting {
  acked(mark: number): void;
}

/** One frame of ops being written, and who wants to know what became of them. */
export class Batch {
  readonly bytes = Buffer.allocUnsafeSlow(LONGEST_FRAME);
  length = FRAME_HEAD;
  sequence = 0;
  tries = 0;
  /** The directory that ops of this batch work in, as its sender knows it. */
  folder: unknown;
  private ops: (Carried | undefined)[] = [];
  private refs: number[] = [];
  private waiting: Waiting[] = [];
  private marks: number[] = [];

  reset(): void {
    this.length = FRAME_HEAD;
    this.ops = [];
    this.refs = [];
    this.waiting = [];
    this.marks = [];
    this.tries = 0;
    this.folder = undefined;
  }
  get isEmpty(): boolean {
    return this.ops.length === 0;
  }
  get isFull(): boolean {
    return this.length >= FULL;
  }
  /** Is there room for an op with that much in name and body? */
  fits(size: number): boolean {
    return this.length + OP_HEAD + size + META + 64 <= this.bytes.length;
  }
  /** Begins an op; the body follows by `put…`, then `close`. Returns where it starts. */
  open(op: number, name: Uint8Array, start: number, end: number, flags = 0): number {
    const at = this.length;
    const length = end - start + 1;
    this.bytes[at] = op;
    this.bytes[at + 1] = flags;
    this.bytes.writeUInt32LE(length, at + 4);
    if (length <= 64) for (let i = 0; i < length - 1; i++) this.bytes[at + OP_HEAD + i] = name[start + i] as number;
    else this.bytes.set(name.subarray(start, end), at + OP_HEAD);
    this.bytes[at + OP_HEAD + length - 1] = 0;
    this.length = at + OP_HEAD + length;
    return at;
  }
  put(data: Uint8Array): void {
    this.bytes.set(data, this.length);
    this.length += data.length;
  }
  putNumber(value: number): void {
    this.length = this.bytes.writeDoubleLE(value, this.length);
  }
  putMeta(stat: Stat, xattrs: Uint8Array): void {
    const { bytes, length: at } = this;
    bytes.writeUInt32LE(stat.mode, at);
    bytes.writeUInt32LE(stat.uid, at + 4);
    bytes.writeUInt32LE(stat.gid, at + 8);
    bytes.writeUInt32LE(stat.rdevMajor, at + 12);
    bytes.writeUInt32LE(stat.rdevMinor, at + 16);
    stat.raw.copy(bytes, at + 20, 112, 124);
    bytes.writeUInt32LE(xattrs.length, at + 32);
    bytes.writeDoubleLE(stat.size, at + 36);
    this.length = at + META;
    if (xattrs.length > 0) this.put(xattrs);
  }
  close(at: number, carried?: Carried, ref = 0): void {
    const name = this.bytes.readUInt32LE(at + 4);
    this.bytes.writeUInt32LE(this.length - at - OP_HEAD - name, at + 8);
    this.ops.push(carried);
    this.refs.push(ref);
  }
  /** As if the op had never been begun. */
  cancel(at: number): void {
    this.length = at;
  }
  /** Tells `who` of the ack, with the last mark it gave. */
  notify(who: Waiting, mark: number): void {
    const last = this.waiting.length - 1;
    if (this.waiting[last] === who) this.marks[last] = mark;
    else {
      this.waiting.push(who);
      this.marks.push(mark);
    }
  }
  /** True when `who` already waits for this batch, as the last one. */
  isAwaitedBy(who: Waiting): boolean {
    return this.waiting.at(-1) === who;
  }
  seal(sequence: number): Buffer {
    this.sequence = sequence;
    this.bytes.writeUInt32LE(this.length - 4, 0);
    this.bytes[4] = KIND.BATCH;
    this.bytes.fill(0, 5, 8);
    this.bytes.writeUInt32LE(sequence, 8);
    return this.bytes.subarray(0, this.length);
  }
  /** The receiver has carried it out, but for these ops. */
  settle(refused: readonly [number, number, string][]): void {
    for (const [index, , why] of refused) this.ops[index]?.refused(why, this.refs[index] ?? 0);
    this.waiting.forEach((who, i) => who.acked(this.marks[i] ?? 0));
  }
}

const MAX_SPARE = 32;
const spare: Batch[] = [];

/** An empty batch, in memory that an earlier one has used: new memory costs a page fault for each 4 KiB. */
export const freshBatch = (): Batch => spare.pop() ?? new Batch();
export function keepBatch(batch: Batch): void {
  batch.reset();
  if (spare.length < MAX_SPARE) spare.push(batch);
}
