import type { Lease } from '../../contract/operations';

/**
 * What goes over a bulk connection, little endian. The sender speaks first.
 *
 * frame:  [u32 length of the rest][u8 kind][3 × 0][u32 sequence][payload]
 *   HELLO / WELCOME / REFUSE   JSON; before anything else, and again when the connection turns to another item
 *   BATCH                      ops, carried out in order; each batch says itself in which directory it works, so it can be sent again
 *   ACK                        of the batch with that sequence: [u32 owners not set] and, if there is more to say, JSON (Answer)
 *   PING / PONG                empty
 * op:     [u8 op][u8 flags][2 × 0][u32 name length with NUL][u32 body length][name NUL][body]
 *   OPEN     name: path of the directory that the following ops work in, from the store's root
 *   FILE     body: meta, xattrs, 16 digest, content. The file is made anew, never written into
 *   META     body: meta, xattrs. For a file whose content is there
 *   SYMLINK  body: meta, xattrs, target NUL
 *   FOLDER   makes a directory; its own times come with its END
 *   NODE     body: meta, xattrs. FIFO or device
 *   REMOVE   whatever has that name, with all that is in it
 *   LINK     body: path NUL of the name to link to, from the store's root
 *   END      body: meta, xattrs of the open directory
 *   CREATE   body: f64 size. An empty file that is all hole, filled by PIECEs
 *   RESUME   opens such a file
 *   PIECE    body: f64 offset, 16 digest, content
 *   FINISH   body: meta, xattrs of that file
 *   LIST     answers with the names in the open directory
 *   SYNC     answers when the file system is on disk (flag 1: at once), with the birth of the item; alone in its batch
 * meta:   [u32 mode][u32 uid][u32 gid][u32 major][u32 minor][i64 mtime s][u32 mtime ns][u32 xattrs length][f64 size]
 */
export const KIND = { HELLO: 1, WELCOME: 2, REFUSE: 3, BATCH: 4, ACK: 5, PING: 6, PONG: 7 } as const;
export const OP = {
  OPEN: 1,
  FILE: 2,
  META: 3,
  SYMLINK: 4,
  FOLDER: 5,
  NODE: 6,
  REMOVE: 7,
  LINK: 8,
  END: 9,
  CREATE: 10,
  RESUME: 11,
  PIECE: 12,
  FINISH: 13,
  LIST: 14,
  SYNC: 15,
} as const;
/** On FILE and PIECE: blocks of zeros become holes. */
export const SPARSE = 1;
/** On CREATE: the file is there, and is emptied. */
export const AGAIN = 1;

export const VERSION = 2;
export const FRAME_HEAD = 12;
export const OP_HEAD = 12;
export const META = 44;
/** A frame is at most this long: a batch is closed at 1 MiB, and one op adds at most another and its attributes. */
export const LONGEST_FRAME = 2 * 1024 * 1024 + 640 * 1024;

export interface Hello {
  version: number;
  token?: string | undefined;
  host: string;
  /** The job: a newer session of the same item ends the older one. */
  session: string;
  /** Which of the session's connections: a newer one takes the place of the one before it. */
  lane: number;
  lease: Lease;
  root: string;
  item: string;
}

export interface Welcome {
  host: string;
  /** Changes when the root is another directory, or its state was lost. */
  storeId: string;
  bootId: string;
  privileged: boolean;
  uid: number;
  gid: number;
  /** Of the item as it is there; empty when it is not. */
  itemBirth: string;
}

export interface Refused {
  code: string;
  facts: { [key: string]: string | number };
}

export interface Answer {
  /** Ops that were refused: [index in the batch, errno or 0, why]. */
  refused?: [number, number, string][];
  /** A digest did not fit: the batch is to be sent again. */
  damaged?: boolean;
  /** Names for LIST, base64. */
  names?: string[];
  itemBirth?: string;
}

export function frame(kind: number, sequence: number, payload: Uint8Array = new Uint8Array(0)): Buffer {
  const out = Buffer.alloc(FRAME_HEAD + payload.length);
  out.writeUInt32LE(out.length - 4, 0);
  out[4] = kind;
  out.writeUInt32LE(sequence, 8);
  out.set(payload, FRAME_HEAD);
  return out;
}

export const jsonFrame = (kind: number, value: unknown): Buffer => frame(kind, 0, Buffer.from(JSON.stringify(value)));

/** Puts the frames of a stream together, in buffers that `buffer` gives; `take` owns each from then on. */
export class FrameReader {
  private head = Buffer.alloc(FRAME_HEAD);
  private headLength = 0;
  private body: Buffer | undefined;
  private bodyLength = 0;
  private wanted = 0;

  constructor(
    private readonly buffer: (length: number) => Buffer,
    private readonly take: (kind: number, sequence: number, payload: Buffer) => void,
    private readonly longest = LONGEST_FRAME,
  ) {}

  /** Throws when the stream cannot be one of ours. */
  push(data: Buffer): void {
    for (let at = 0; at < data.length;) {
      if (this.body === undefined) {
        const n = Math.min(FRAME_HEAD - this.headLength, data.length - at);
        data.copy(this.head, this.headLength, at, at + n);
        this.headLength += n;
        at += n;
        if (this.headLength < FRAME_HEAD) return;
        this.wanted = this.head.readUInt32LE(0) - (FRAME_HEAD - 4);
        if (this.wanted < 0 || this.wanted > this.longest) throw new Error('this is no frame of ours');
        this.body = this.buffer(this.wanted);
        this.bodyLength = 0;
      }
      const n = Math.min(this.wanted - this.bodyLength, data.length - at);
      data.copy(this.body, this.bodyLength, at, at + n);
      this.bodyLength += n;
      at += n;
      if (this.bodyLength === this.wanted) {
        const body = this.body;
        this.body = undefined;
        this.headLength = 0;
        this.take(this.head[4] ?? 0, this.head.readUInt32LE(8), body.subarray(0, this.wanted));
      }
    }
  }
}

const READ_AHEAD = 64 * 1024;

/** Frames as they lie in the buffer they were read into: each is only good until `take` returns. */
export class FrameBuffer {
  private readonly bytes = Buffer.allocUnsafeSlow(LONGEST_FRAME * 2);
  private start = 0;
  private end = 0;

  constructor(private readonly take: (kind: number, sequence: number, payload: Buffer) => void) {}

  /** Where the next bytes go: never empty. */
  buffer(): Buffer {
    if (this.bytes.length - this.end < LONGEST_FRAME / 4) {
      this.bytes.copyWithin(0, this.start, this.end);
      this.end -= this.start;
      this.start = 0;
    }
    return this.bytes.subarray(this.end, this.end + this.wanted());
  }
  /** Not beyond the end of a frame, so that the next one begins where this one did: memory that the processor still has near. */
  private wanted(): number {
    const have = this.end - this.start;
    if (have < FRAME_HEAD) return READ_AHEAD;
    return Math.max(1, Math.min(this.bytes.readUInt32LE(this.start) + 4 - have, this.bytes.length - this.end));
  }
  /** Throws when the stream cannot be one of ours. */
  took(bytes: number): void {
    this.end += bytes;
    while (this.end - this.start >= FRAME_HEAD) {
      const length = this.bytes.readUInt32LE(this.start) + 4;
      if (length < FRAME_HEAD || length > LONGEST_FRAME) throw new Error('this is no frame of ours');
      if (this.end - this.start < length) return;
      const at = this.start;
      this.start += length;
      this.take(
        this.bytes[at + 4] ?? 0,
        this.bytes.readUInt32LE(at + 8),
        this.bytes.subarray(at + FRAME_HEAD, at + length),
      );
    }
    if (this.start === this.end) this.start = this.end = 0;
  }
}
