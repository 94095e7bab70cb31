/** Names are bytes. In the contract they are strings: bytes that are not UTF-8 are `\xHH`, a backslash is `\\`. */
import { Refusal } from '../../contract/errors';

export function nameToBytes(name: string): Buffer {
  const parts = name.split(/(\\x[0-9a-f]{2}|\\\\)/i);
  return Buffer.concat(
    parts.map((part) => {
      if (part === '\\\\') return Buffer.from('\\');
      if (/^\\x[0-9a-f]{2}$/i.test(part)) return Buffer.from(part.slice(2), 'hex');
      return Buffer.from(part);
    }),
  );
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export function bytesToName(bytes: Uint8Array): string {
  const whole = decode(bytes);
  if (whole !== undefined) return whole.replaceAll('\\', '\\\\');
  let out = '';
  for (let i = 0; i < bytes.length;) {
    const length = sequenceAt(bytes, i);
    out +=
      length === 0
        ? `\\x${(bytes[i] ?? 0).toString(16).padStart(2, '0')}`
        : Buffer.from(bytes.subarray(i, i + length))
            .toString('utf8')
            .replaceAll('\\', '\\\\');
    i += Math.max(1, length);
  }
  return out;
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined; // not UTF-8: a fact, not a failure
  }
}

/** How many bytes the valid UTF-8 sequence at `i` has; 0 when there is none. */
function sequenceAt(bytes: Uint8Array, i: number): number {
  const first = bytes[i] ?? 0;
  const length = first < 0x80 ? 1 : first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  return i + length <= bytes.length && decode(bytes.subarray(i, i + length)) !== undefined ? length : 0;
}

const SLASH = 0x2f;
const DOT = 0x2e;

/** One name inside a directory, never a way out of it. */
export function isPlainName(name: Uint8Array): boolean {
  if (name.length === 0 || name.length > 255 || name.includes(0) || name.includes(SLASH)) return false;
  return !(name[0] === DOT && (name.length === 1 || (name.length === 2 && name[1] === DOT)));
}

/** The bytes of a storage item's name. */
export function itemName(item: string): Buffer {
  const bytes = nameToBytes(item);
  if (!isPlainName(bytes)) throw new Refusal('BadInput', { what: `"${item}" is no name of a storage item` });
  return bytes;
}

/** With the NUL that system calls want. */
export const terminated = (name: Uint8Array): Buffer => Buffer.concat([name, Buffer.of(0)]);

export function join(path: Uint8Array, name: Uint8Array): Buffer {
  return path.length === 0 ? Buffer.from(name) : Buffer.concat([path, Buffer.of(SLASH), name]);
}

/** [directory, name] of a relative path. */
export function split(path: Buffer): [Buffer, Buffer] {
  const at = path.lastIndexOf(SLASH);
  return at < 0 ? [Buffer.alloc(0), path] : [path.subarray(0, at), path.subarray(at + 1)];
}

/** The item itself or something in it; or the store's root, whose only allowed name is the item's. */
export function isInside(path: Buffer, item: Buffer): boolean {
  if (path.length === 0) return true;
  const text = path.toString('latin1');
  const parts = text.split('/');
  return parts[0] === item.toString('latin1') && parts.every((part) => isPlainName(Buffer.from(part, 'latin1')));
}
