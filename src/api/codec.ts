import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Payload, PayloadCodec } from '@temporalio/common';
import { Refusal } from '../contract/errors';

const encoding = Buffer.from('binary/evenkeel-aes-256-gcm');
const ivBytes = 12;
const tagBytes = 16;

/** Encrypts what enters a history: inputs, plans, reports. Search attributes and step sentences stay readable. */
export class AesCodec implements PayloadCodec {
  /** Says which key a payload needs, and nothing of the key. */
  private readonly keyId: Buffer;

  constructor(private readonly key: Buffer) {
    this.keyId = Buffer.from(createHash('sha256').update(key).digest('hex').slice(0, 12));
  }

  async encode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      const iv = randomBytes(ivBytes);
      const cipher = createCipheriv('aes-256-gcm', this.key, iv);
      const sealed = Buffer.concat([cipher.update(serialized(payload)), cipher.final()]);
      return {
        metadata: { encoding, 'encryption-key-id': this.keyId },
        data: Buffer.concat([iv, cipher.getAuthTag(), sealed]),
      };
    });
  }

  async decode(payloads: Payload[]): Promise<Payload[]> {
    return payloads.map((payload) => {
      if (!payload.metadata?.['encoding'] || !encoding.equals(payload.metadata['encoding'])) return payload;
      const wanted = Buffer.from(payload.metadata['encryption-key-id'] ?? []).toString();
      if (wanted !== this.keyId.toString()) throw new Refusal('OtherKey', { wanted, have: this.keyId.toString() });
      const data = Buffer.from(payload.data ?? []);
      const decipher = createDecipheriv('aes-256-gcm', this.key, data.subarray(0, ivBytes));
      decipher.setAuthTag(data.subarray(ivBytes, ivBytes + tagBytes));
      return deserialized(Buffer.concat([decipher.update(data.subarray(ivBytes + tagBytes)), decipher.final()]));
    });
  }
}

/** The converter of clients and workers: with EVENKEEL_CODEC_KEY_FILE (32 bytes, base64) payloads are encrypted. */
export function dataConverter(env: NodeJS.ProcessEnv = process.env): { payloadCodecs: PayloadCodec[] } {
  const file = env['EVENKEEL_CODEC_KEY_FILE'];
  if (!file) return { payloadCodecs: [] };
  const key = Buffer.from(readFileSync(file, 'utf8').trim(), 'base64');
  if (key.length !== 32)
    throw new Refusal('BadInput', { what: `${file} must hold 32 bytes in base64, and holds ${key.length}` });
  return { payloadCodecs: [new AesCodec(key)] };
}

/** A payload as JSON, its bytes in base64. */
const serialized = ({ metadata, data }: Payload): string =>
  JSON.stringify({
    metadata: Object.fromEntries(Object.entries(metadata ?? {}).map(([name, value]) => [name, toBase64(value)])),
    data: toBase64(data ?? new Uint8Array()),
  });

function deserialized(bytes: Buffer): Payload {
  const { metadata, data } = JSON.parse(bytes.toString()) as { metadata: Record<string, string>; data: string };
  return {
    metadata: Object.fromEntries(Object.entries(metadata).map(([name, value]) => [name, Buffer.from(value, 'base64')])),
    data: Buffer.from(data, 'base64'),
  };
}

const toBase64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
