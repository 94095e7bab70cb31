import { isIPv4 } from 'node:net';

/** What of DNS is needed to ask for addresses and to change them: RFC 1035 and RFC 2136. */
export const types = { A: 1, SOA: 6, AAAA: 28, TSIG: 250 } as const;
export const classes = { IN: 1, NONE: 254, ANY: 255 } as const;

const isUpdate = 5 << 11;
const headerBytes = 12;

export interface ResourceRecord {
  type: number;
  class: number;
  ttl: number;
  data: Buffer;
  /** Where it begins in its message. */
  at: number;
}

export interface Message {
  id: number;
  isAnswer: boolean;
  truncated: boolean;
  rcode: number;
  answers: ResourceRecord[];
  additional: ResourceRecord[];
}

const uint16 = (...values: number[]): Buffer => {
  const bytes = Buffer.alloc(values.length * 2);
  for (const [index, value] of values.entries()) bytes.writeUInt16BE(value, index * 2);
  return bytes;
};

/** In small letters, as signatures want it. */
export function encodeName(name: string): Buffer {
  const labels = name.toLowerCase().replace(/\.$/, '').split('.');
  return Buffer.concat([
    ...labels.map((label) => Buffer.concat([Buffer.from([Buffer.byteLength(label)]), Buffer.from(label)])),
    Buffer.alloc(1),
  ]);
}

export const encodeRecord = (name: string, type: number, of: number, ttl: number, data: Buffer): Buffer => {
  const life = Buffer.alloc(4);
  life.writeUInt32BE(ttl);
  return Buffer.concat([encodeName(name), uint16(type, of), life, uint16(data.length), data]);
};

/** The addresses of a name. */
export const encodeQuery = (id: number, name: string, type: 'A' | 'AAAA'): Buffer =>
  Buffer.concat([uint16(id, 0, 1, 0, 0, 0), encodeName(name), uint16(types[type], classes.IN)]);

export interface Change {
  zone: string;
  name: string;
  address: string;
  as: 'member' | 'gone';
  ttl: number;
}

/** One address comes to a name or leaves it; the name's other addresses stay. Done twice it is done once. */
export function encodeUpdate(id: number, { zone, name, address, as, ttl }: Change): Buffer {
  const type = isIPv4(address) ? types.A : types.AAAA;
  const [of, life] = as === 'member' ? [classes.IN, ttl] : [classes.NONE, 0];
  return Buffer.concat([
    uint16(id, isUpdate, 1, 0, 1, 0),
    ...[encodeName(zone), uint16(types.SOA, classes.IN)],
    encodeRecord(name, type, of, life, encodeAddress(address)),
  ]);
}

function encodeAddress(address: string): Buffer {
  if (isIPv4(address)) return Buffer.from(address.split('.').map(Number));
  const [before = '', after] = new URL(`http://[${address}]`).hostname.slice(1, -1).split('::');
  const groups = (text = '') => (text === '' ? [] : text.split(':').map((group) => Number.parseInt(group, 16)));
  const [head, tail] = [groups(before), groups(after)];
  return uint16(...head, ...Array.from({ length: 8 - head.length - tail.length }, () => 0), ...tail);
}

export function decodeAddress(data: Buffer): string {
  if (data.length === 4) return data.join('.');
  const groups = Array.from({ length: 8 }, (_, index) => data.readUInt16BE(index * 2).toString(16));
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Throws a RangeError when it ends too early. */
export function decode(bytes: Buffer): Message {
  const flags = bytes.readUInt16BE(2);
  const [questions = 0, answerCount = 0, authorityCount = 0, additionalCount = 0] = [4, 6, 8, 10].map((at) =>
    bytes.readUInt16BE(at),
  );
  let at = headerBytes;
  for (let index = 0; index < questions; index++) at = afterName(bytes, at) + 4;
  const records = (count: number) =>
    Array.from({ length: count }, (): ResourceRecord => {
      const fixed = afterName(bytes, at);
      const end = fixed + 10 + bytes.readUInt16BE(fixed + 8);
      if (end > bytes.length) throw new RangeError('a record is longer than its message');
      const record = {
        type: bytes.readUInt16BE(fixed),
        class: bytes.readUInt16BE(fixed + 2),
        ttl: bytes.readUInt32BE(fixed + 4),
        data: bytes.subarray(fixed + 10, end),
        at,
      };
      at = end;
      return record;
    });
  const answers = records(answerCount);
  records(authorityCount);
  return {
    id: bytes.readUInt16BE(0),
    isAnswer: (flags & 0x8000) !== 0,
    truncated: (flags & 0x0200) !== 0,
    rcode: flags & 0xf,
    answers,
    additional: records(additionalCount),
  };
}

/** Where a name ends: at its empty label, or after a pointer to one that was said before. */
export function afterName(bytes: Buffer, at: number): number {
  for (;;) {
    const length = bytes.readUInt8(at);
    if (length >= 0xc0) return at + 2;
    at += 1 + length;
    if (length === 0) return at;
  }
}
