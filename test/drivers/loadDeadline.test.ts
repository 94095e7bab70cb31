import { createServer, type AddressInfo, type Socket } from 'node:net';
import { join } from 'node:path';
import { Scene } from '../contract/agents';
import { bareLoad } from './loadScene';

const asked = { fromMs: 0, toMs: 60_000, stepMs: 60_000 };

test('what takes a connection and never answers is let go before its caller gives up', async () => {
  const scene = new Scene();
  const socket = join(scene.directory(), 'silent.sock');
  const silent = async (at: string | number) => {
    const sockets: Socket[] = [];
    const server = createServer((one) => void sockets.push(one.on('error', () => {})));
    await new Promise<void>((resolve) => server.listen(at, resolve));
    scene.onEnd(() => {
      for (const one of sockets) one.destroy();
      return new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  };
  await silent(socket);
  const port = await silent(0);
  const entries = {
    metric: {
      series: { from: 'prometheus', url: `http://127.0.0.1:${port}`, query: 'up' },
      resize: { by: 'haproxy', socket, what: 'maxconn', proxy: 'web' },
    },
    table: { series: { from: 'postgres', url: `postgres://127.0.0.1:${port}/x`, query: 'select 1 where $1 < $2' } },
  };
  const load = bareLoad([], entries, { deadlineMs: 500 });
  const all = await Promise.allSettled([
    load.readSeries({ object: 'metric', ...asked }),
    load.readSeries({ object: 'table', ...asked }),
    load.readSize({ object: 'metric' }),
  ]);
  expect(all.map((one) => (one.status === 'rejected' ? (one.reason as { code: string }).code : 'answered'))).toEqual([
    'NoAnswer',
    'NoAnswer',
    'NoAnswer',
  ]);
  await scene.close();
});

test('a question that is refused at once leaves nothing behind that fails later', async () => {
  const load = bareLoad([], { it: {} });
  const before = process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
  await expect(load.readSeries({ object: 'it', fromMs: 5, toMs: 5, stepMs: 60_000 })).rejects.toThrow('no step');
  expect(process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length).toBeLessThanOrEqual(before);
});
