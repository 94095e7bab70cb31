import { createHmac, timingSafeEqual } from 'node:crypto';
import { afterName, classes, encodeName, encodeRecord, types, type Message } from './dnsMessage';

export interface Key {
  name: string;
  algorithm: 'hmac-sha256' | 'hmac-sha512';
  secret: Buffer;
}

/** How far the clocks of the two may be apart, seconds. */
const fudge = 300;
const badTime = 18;

/** Errors that only a signature tells: RFC 8945, 3. */
const signatureErrors: Record<number, string> = {
  16: 'it does not accept the signature (BADSIG): look at the secret',
  17: 'it does not know the key (BADKEY)',
  [badTime]: 'its clock is another (BADTIME)',
  22: 'it wants a longer signature (BADTRUNC)',
};

/** The message with its signature (TSIG, RFC 8945), and that signature, which the answer's rests on. */
export function sign(message: Buffer, key: Key, seconds: number): { signed: Buffer; mac: Buffer } {
  const said = { ...key, seconds, error: 0, other: Buffer.alloc(0) };
  const mac = macOf(key, message, variables(said));
  const data = Buffer.concat([
    ...[encodeName(key.algorithm), times(seconds), number16(mac.length), mac],
    ...[message.subarray(0, 2), number16(0), number16(0)],
  ]);
  const signed = Buffer.concat([message, encodeRecord(key.name, types.TSIG, classes.ANY, 0, data)]);
  signed.writeUInt16BE(message.readUInt16BE(10) + 1, 10);
  return { signed, mac };
}

/** Why the answer is not to be believed, or what it says of our own signature; undefined when all is well. */
export function complaint(
  answer: Buffer,
  { additional }: Message,
  key: Key,
  asked: Buffer,
  now: number,
): string | undefined {
  const record = additional.at(-1);
  if (record?.type !== types.TSIG) return 'its answer is not signed';
  const { data, at } = record;
  const fixed = afterName(data, 0);
  const seconds = data.readUIntBE(fixed, 6);
  const macEnd = fixed + 10 + data.readUInt16BE(fixed + 8);
  const mac = data.subarray(fixed + 10, macEnd);
  const error = data.readUInt16BE(macEnd + 2);
  const other = data.subarray(macEnd + 6);
  if (error !== 0 && error !== badTime) return signatureErrors[error] ?? `it does not accept the signature (${error})`;
  const unsigned = Buffer.from(answer.subarray(0, at));
  unsigned.writeUInt16BE(unsigned.readUInt16BE(10) - 1, 10);
  data.copy(unsigned, 0, macEnd, macEnd + 2); // the id before anybody passed it on
  const expected = macOf(key, number16(asked.length), asked, unsigned, variables({ ...key, seconds, error, other }));
  if (mac.length !== expected.length || !timingSafeEqual(mac, expected)) return 'its answer is signed with another key';
  if (error === badTime) return signatureErrors[badTime];
  return Math.abs(now - seconds) > fudge ? 'its answer is an old one, or its clock is another' : undefined;
}

const number16 = (value: number): Buffer => Buffer.from([value >> 8, value & 0xff]);

function times(seconds: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUIntBE(seconds, 0, 6);
  bytes.writeUInt16BE(fudge, 6);
  return bytes;
}

interface Said extends Pick<Key, 'name' | 'algorithm'> {
  seconds: number;
  error: number;
  other: Buffer;
}

const variables = ({ name, algorithm, seconds, error, other }: Said): Buffer =>
  Buffer.concat([
    ...[encodeName(name), number16(classes.ANY), Buffer.alloc(4), encodeName(algorithm), times(seconds)],
    ...[number16(error), number16(other.length), other],
  ]);

function macOf({ algorithm, secret }: Key, ...parts: Buffer[]): Buffer {
  const hmac = createHmac(algorithm.replace('hmac-', ''), secret);
  for (const part of parts) hmac.update(part);
  return hmac.digest();
}
