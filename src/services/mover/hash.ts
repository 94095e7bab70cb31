import { createXXHash128 } from 'hash-wasm';
import koffi from 'koffi';

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
  if (data.length >= LONG && native !== undefined) return native(data);
  if (hasher === undefined) throw new Error('loadHash() first');
  hasher.init();
  hasher.update(data);
  return hasher.digest('binary');
}

const LONG = 8 * 1024; // from here on a call of the C library costs less than what it saves
const native = loadNative();

/** The same hash from the C library that Debian's apt brings with it: four times as fast on long data. */
function loadNative(): ((data: Uint8Array) => Uint8Array) | undefined {
  try {
    const library = koffi.load('libxxhash.so.0');
    const digest = koffi.struct({ low: 'uint64_t', high: 'uint64_t' });
    const xxh128 = library.func('XXH3_128bits', digest, ['void *', 'size_t']);
    return (data) => {
      const { low, high } = xxh128(data, data.length) as { low: number | bigint; high: number | bigint };
      const out = Buffer.allocUnsafe(DIGEST);
      out.writeBigUInt64BE(BigInt(high), 0);
      out.writeBigUInt64BE(BigInt(low), 8);
      return out;
    };
  } catch {
    return undefined; // not there: WebAssembly answers the same
  }
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
