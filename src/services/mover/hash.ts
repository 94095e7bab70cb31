import { createXXHash128 } from 'hash-wasm';

type Hasher = Awaited<ReturnType<typeof createXXHash128>>;
let hasher: Hasher | undefined;

/** Content up to this size has the xxh128 of its bytes; longer content the xxh128 of the digests of its pieces of this size. */
export const PIECE = 1024 * 1024;
export const DIGEST = 16;

/** Must have ended before anything is hashed. */
export async function loadHash(): Promise<void> {
  hasher ??= await createXXHash128();
}

/** xxh128, 16 bytes. */
export function hash(data: Uint8Array): Uint8Array {
  if (hasher === undefined) throw new Error('loadHash() first');
  hasher.init();
  hasher.update(data);
  return hasher.digest('binary');
}

/** A hash of its own state: for content that comes in pieces while others are hashed. */
export async function newHash(): Promise<Hasher> {
  const own = await createXXHash128();
  return own.init();
}

const zeros = Buffer.alloc(PIECE);
let zeroPiece: Uint8Array | undefined;
/** The digest of a piece that is all hole. */
export const holeDigest = (length: number): Uint8Array =>
  length === PIECE ? (zeroPiece ??= hash(zeros)) : hash(zeros.subarray(0, length));

/** A sum of digests modulo 2^128: the order in which they come does not matter. */
export class DigestSum {
  private readonly sum = new Uint32Array(4);
  add(digest: Uint8Array): void {
    const view = new DataView(digest.buffer, digest.byteOffset, DIGEST);
    let carry = 0;
    for (let i = 0; i < 4; i++) {
      const total = (this.sum[i] ?? 0) + view.getUint32(i * 4, true) + carry;
      this.sum[i] = total >>> 0;
      carry = total > 0xffff_ffff ? 1 : 0;
    }
  }
  bytes(): Buffer {
    return Buffer.from(this.sum.slice().buffer);
  }
}
