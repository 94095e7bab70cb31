import { createHmac, timingSafeEqual } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Scene } from '../contract/agents';
import { bareLoad } from './loadScene';
import { resizerSuite, type ResizerLab } from './loadResizers';

const secret = 'a-secret-of-this-test';

interface Receiver {
  url: string;
  secretFile: string;
  size: number;
  posts: { body: Record<string, unknown>; key: string }[];
}

/** Somebody's own service: it believes what is signed and fresh, keeps a size and tells it. */
async function receiver(scene: Scene): Promise<Receiver> {
  const secretFile = join(scene.directory(), 'secret');
  writeFileSync(secretFile, secret, { mode: 0o600 });
  const it: Receiver = { url: '', secretFile, size: 3, posts: [] };
  const server = createServer((request, reply) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
      const body = Buffer.concat(chunks).toString();
      const { 'x-evenkeel-timestamp': time, 'x-evenkeel-signature': given } = request.headers;
      const expected = `sha256=${createHmac('sha256', secret)
        .update(`${String(time)}.${body}`)
        .digest('hex')}`;
      const good = typeof given === 'string' && given.length === expected.length;
      const fresh = Math.abs(Number(time) * 1000 - Date.now()) < 60_000;
      if (!good || !fresh || !timingSafeEqual(Buffer.from(given), Buffer.from(expected)))
        return reply.writeHead(403).end('{"message":"bad signature"}');
      if (request.url !== '/size') return reply.writeHead(404).end();
      if (request.method === 'GET') return reply.end(JSON.stringify({ size: it.size }));
      const posted = JSON.parse(body) as { size: number };
      it.posts.push({ body: posted, key: String(request.headers['idempotency-key']) });
      it.size = posted.size;
      return reply.writeHead(202).end('thanks');
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  scene.onEnd(() => new Promise((resolve) => server.close(resolve)));
  it.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return it;
}

const resizing = ({ url, secretFile }: Receiver, path: string, reads: boolean) => ({
  ...{ by: 'webhook', url: `${url}${path}`, secret: { file: secretFile } },
  ...(reads && { read: `${url}${path}` }),
});

for (const reads of [true, false])
  resizerSuite(
    `webhook, ${reads ? 'that tells its size' : 'of which nobody knows the size'}`,
    test,
    async (scene): Promise<ResizerLab> => {
      const hook = await receiver(scene);
      const load = bareLoad([], {
        it: { resize: resizing(hook, '/size', reads) },
        gone: { resize: resizing(hook, '/none', reads) },
      });
      const truth = () => hook.size;
      return { load, unit: 'units', min: 1, max: 9, sizes: [5, 2.5], truth, whole: false, tells: reads };
    },
  );

describe('a webhook', () => {
  let scene: Scene;
  beforeEach(() => void (scene = new Scene()));
  afterEach(() => scene.close());
  const order = { object: 'it', size: 5, lease: { target: 'it', epoch: 7 }, because: 'P95 of the next hour is 480' };

  test('is told what, why and under which epoch; what is said again has the same key', async () => {
    const hook = await receiver(scene);
    const load = bareLoad([], { it: { resize: resizing(hook, '/size', false) } });
    await load.resize(order);
    await load.resize(order);
    const body = { object: 'it', size: 5, was: null, unit: 'units', because: order.because, epoch: 7 };
    expect(hook.posts).toEqual([
      { body, key: 'it:7:5' },
      { body, key: 'it:7:5' },
    ]);
  });

  test('a wrong secret is refused with the words of the other side; a redirect is not followed', async () => {
    const hook = await receiver(scene);
    const wrong = { ...resizing(hook, '/size', true), secret: { env: 'HOME' } };
    await expect(bareLoad([], { it: { resize: wrong } }).resize(order)).rejects.toThrow('403: bad signature');
    const away = createServer((_, reply) => void reply.writeHead(307, { location: `${hook.url}/size` }).end());
    await new Promise<void>((resolve) => away.listen(0, '127.0.0.1', resolve));
    scene.onEnd(() => new Promise((resolve) => away.close(resolve)));
    const url = `http://127.0.0.1:${(away.address() as AddressInfo).port}/size`;
    const load = bareLoad([], { it: { resize: { ...resizing(hook, '/size', false), url } } });
    await expect(load.resize(order)).rejects.toMatchObject({ code: 'SaidNo' });
    expect(hook.posts).toEqual([]);
  });

  test('one that is down does not answer, and that is worth a retry', async () => {
    const hook = await receiver(scene);
    const url = 'http://127.0.0.1:1/size';
    const load = bareLoad([], { it: { resize: { ...resizing(hook, '/size', false), url } } });
    await expect(load.resize(order)).rejects.toMatchObject({ code: 'NoAnswer', retry: true });
  });
});
