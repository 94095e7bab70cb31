import { must, pwrite } from './sys';

const BLOCK = 4096;
const zeros = Buffer.alloc(BLOCK);

/** Writes content at an offset. `sparse`: blocks of zeros are left out, so that a hole stays a hole. */
export function writeContent(fd: number, content: Buffer, offset: number, sparse: boolean): void {
  if (!sparse) return writeAll(fd, content, offset);
  for (let at = 0; at < content.length;) {
    const from = skipZeros(content, at);
    at = untilZeros(content, from);
    if (at > from) writeAll(fd, content.subarray(from, at), offset + from);
  }
}

function writeAll(fd: number, content: Buffer, offset: number): void {
  for (let at = 0; at < content.length;) {
    at += must(pwrite(fd, at === 0 ? content : content.subarray(at), content.length - at, offset + at), 'write');
  }
}

function isZero(content: Buffer, at: number): boolean {
  const end = Math.min(at + BLOCK, content.length);
  return zeros.compare(content, at, end, 0, end - at) === 0;
}
function skipZeros(content: Buffer, from: number): number {
  let at = from;
  while (at < content.length && isZero(content, at)) at += BLOCK;
  return Math.min(at, content.length);
}
function untilZeros(content: Buffer, from: number): number {
  let at = from;
  while (at < content.length && !isZero(content, at)) at += BLOCK;
  return Math.min(at, content.length);
}
