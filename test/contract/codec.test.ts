import { randomBytes } from 'node:crypto';
import { AesCodec } from '../../src/api/codec';

const payload = { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('"the plan of a merger"') };

test('a payload that went through is the same, and unreadable on its way', async () => {
  const codec = new AesCodec(randomBytes(32));
  const [sealed] = await codec.encode([payload]);
  expect(Buffer.from(sealed!.data!).includes('merger')).toBe(false);
  expect(await codec.decode([sealed!])).toEqual([payload]);
});

test('one bit changed on the way is noticed', async () => {
  const codec = new AesCodec(randomBytes(32));
  const [sealed] = await codec.encode([payload]);
  sealed!.data![40]! ^= 1;
  await expect(codec.decode([sealed!])).rejects.toThrow();
});

test('another key is refused by its name', async () => {
  const [sealed] = await new AesCodec(randomBytes(32)).encode([payload]);
  await expect(new AesCodec(randomBytes(32)).decode([sealed!])).rejects.toMatchObject({ code: 'OtherKey' });
});

test('what was written before there was a key stays readable', async () => {
  expect(await new AesCodec(randomBytes(32)).decode([payload])).toEqual([payload]);
});
