import { writeFileSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../../src/stack/ports';
import { Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { needs } from '../setup/needs';
import { bareLoad, ended, folderIn, startProgram } from './loadScene';
import { resizerSuite, type ResizerLab } from './loadResizers';
import { password, pgbouncer, type Pgbouncer } from './pgbouncerServer';
import { postgresServer } from './postgresServer';

const lease = { target: 'it', epoch: 1 };
const resizing = ({ port, passwordFile }: Pgbouncer, database: string) => ({
  by: 'pgbouncer',
  url: `postgres://evenkeel@127.0.0.1:${port}/pgbouncer`,
  password: { file: passwordFile },
  database,
});

const withPgbouncer = needs('pgbouncer', 'postgres');

resizerSuite('pgbouncer', withPgbouncer, async (scene): Promise<ResizerLab> => {
  const bouncer = await pgbouncer(scene);
  const load = bareLoad([], {
    it: { resize: resizing(bouncer, 'orders') },
    gone: { resize: resizing(bouncer, 'none') },
  });
  const truth = async () => {
    const rows = await bouncer.console('SHOW DATABASES');
    return Number(rows.find(({ name }) => name === 'orders')?.['pool_size']);
  };
  return { load, unit: 'connections', min: 1, max: 9, sizes: [5, 7], truth, whole: true };
});

describe('pgbouncer', () => {
  let scene: Scene;
  beforeEach(() => void (scene = new Scene()));
  afterEach(() => scene.close());

  withPgbouncer('lets more clients through to PostgreSQL as soon as its pool has grown', async () => {
    const server = await postgresServer(scene);
    const bouncer = await pgbouncer(scene, server.port);
    const load = bareLoad([], { it: { resize: resizing(bouncer, 'orders') } });
    const resize = (size: number) => load.resize({ object: 'it', size, lease, because: 'a test' });
    await resize(2);
    const clients = await Promise.all(
      Array.from({ length: 6 }, async () => {
        const at = { host: '127.0.0.1', port: bouncer.port, user: 'evenkeel', database: 'orders', password };
        const client = new Client(at);
        client.on('error', () => {});
        await client.connect();
        void client.query('select pg_sleep(60)').catch(() => undefined); // ended with its server
        return client;
      }),
    );
    const observer = await server.connect();
    const busy = async () =>
      Number(
        (await observer.query("select count(*) from pg_stat_activity where query like '%pg_sleep(60)'")).rows[0].count,
      );
    await eventually(async () => (await busy()) === 2);
    expect(await resize(5)).toMatchObject({ was: 2, size: 5 });
    await eventually(async () => (await busy()) === 5);
    await observer.end();
    await server.stop();
    await Promise.all(clients.map((client) => client.end()));
  });

  withPgbouncer('says so when a database has a pool size of its own, and when the password is wrong', async () => {
    const bouncer = await pgbouncer(scene);
    const wrong = { ...resizing(bouncer, 'orders'), password: { env: 'HOME' } };
    const load = bareLoad([], { small: { resize: resizing(bouncer, 'small') }, wrong: { resize: wrong } });
    await expect(load.readSize({ object: 'small' })).rejects.toThrow('pool_size of its own (1)');
    await expect(load.readSize({ object: 'wrong' })).rejects.toMatchObject({ code: 'SaidNo' });
  });
});

interface Haproxy {
  socket: string;
  port: number;
  say: (command: string) => Promise<string>;
  stop: () => Promise<void>;
}

async function haproxy(scene: Scene, server = 1): Promise<Haproxy> {
  const folder = folderIn(scene, 'haproxy');
  const socket = join(folder, 'admin.sock');
  const port = await freePort();
  writeFileSync(
    join(folder, 'haproxy.cfg'),
    `global
  stats socket ${socket} mode 600 level admin
defaults
  mode tcp
  timeout connect 5s
  timeout client 1m
  timeout server 1m
frontend door
  bind 127.0.0.1:${port}
  maxconn 40
  default_backend web
backend web
  server s1 127.0.0.1:${server} weight 100 maxconn 30
  server s2 127.0.0.1:${server} weight 100 backup
`,
  );
  const child = startProgram(scene, ['/usr/sbin/haproxy', '-db', '-f', join(folder, 'haproxy.cfg')], { cwd: folder });
  const say = (command: string) =>
    new Promise<string>((resolve, reject) => {
      let answer = '';
      connect({ path: socket })
        .setEncoding('utf8')
        .on('connect', function (this: { write(text: string): void }) {
          this.write(`${command}\n`);
        })
        .on('data', (text) => (answer += String(text)))
        .on('error', reject)
        .on('close', () => resolve(answer));
    });
  await eventually(() => say('show info'));
  return { socket, port, say, stop: () => ended(child) };
}

const withHaproxy = needs('haproxy');

resizerSuite('haproxy, weight', withHaproxy, async (scene): Promise<ResizerLab> => {
  const { socket, say } = await haproxy(scene);
  const at = { by: 'haproxy', socket, what: 'weight', proxy: 'web' };
  const load = bareLoad([], {
    it: { resize: { ...at, server: 's1' }, max: 90 },
    gone: { resize: { ...at, server: 's9' }, max: 90 },
  });
  const truth = async () => {
    const state = (await say('show servers state web')).split('\n');
    const column =
      state
        .find((line) => line.startsWith('#'))
        ?.slice(2)
        .split(' ')
        .indexOf('srv_uweight') ?? -1;
    return Number(state.find((line) => line.includes(' s1 '))?.split(' ')[column]);
  };
  return { load, unit: 'weight', min: 1, max: 90, sizes: [50, 7], truth, whole: true };
});

for (const [of, proxy, server, limit] of [
  ['server', 'web', 's1', 30],
  ['frontend', 'door', undefined, 40],
] as const)
  resizerSuite(`haproxy, maxconn of a ${of}`, withHaproxy, async (scene): Promise<ResizerLab> => {
    const { socket, say } = await haproxy(scene);
    const at = { by: 'haproxy', socket, what: 'maxconn', proxy, ...(server && { server }) };
    const load = bareLoad([], { it: { resize: at, max: 90 }, gone: { resize: { ...at, proxy: 'none' }, max: 90 } });
    const truth = async () => {
      const rows = JSON.parse(await say('show stat json')) as {
        field: { name: string };
        value: { value: unknown };
      }[][];
      const row = rows.map((fields) => Object.fromEntries(fields.map(({ field, value }) => [field.name, value.value])));
      return Number(row.find(({ pxname, svname }) => pxname === proxy && svname === (server ?? 'FRONTEND'))?.['slim']);
    };
    expect(await truth()).toBe(limit);
    return { load, unit: 'connections', min: 1, max: 90, sizes: [20, 60], truth, whole: true };
  });

describe('HAProxy', () => {
  const scene = new Scene();
  afterAll(() => scene.close());

  withHaproxy('lets as many through as it was told, and one that has ended does not answer', async () => {
    let open = 0;
    const behind = createServer((socket) => {
      open++;
      socket.on('error', () => {}).on('close', () => open--);
    });
    await new Promise<void>((resolve) => behind.listen(0, '127.0.0.1', resolve));
    scene.onEnd(() => new Promise((resolve) => behind.close(resolve)));
    const { socket, port, stop } = await haproxy(scene, (behind.address() as AddressInfo).port);
    const load = bareLoad([], {
      it: { resize: { by: 'haproxy', socket, what: 'maxconn', proxy: 'web', server: 's1' } },
    });
    const resize = (size: number) => load.resize({ object: 'it', size, lease, because: 'a test' });
    await resize(2);
    const clients = Array.from({ length: 6 }, () => connect({ host: '127.0.0.1', port }).on('error', () => {}));
    await eventually(() => open === 2);
    await resize(5);
    await eventually(() => open === 5);
    for (const client of clients) client.destroy();
    await stop();
    await expect(resize(3)).rejects.toMatchObject({ code: 'NoAnswer' });
  });
});
