import { writeFileSync } from 'node:fs';
import { Client } from 'pg';
import { EndpointEntry } from '../../src/contract/endpoints';
import { pooler } from '../../src/drivers/traffic/pooler';
import { Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { needs } from '../setup/needs';
import { password, pgbouncer, pgbouncerFiles, type Pgbouncer } from './pgbouncerServer';
import { postgresServer } from './postgresServer';

const withPgbouncer = needs('pgbouncer', 'postgres');
const endpoint = 'orders';

const poolerOf = ({ port, passwordFile }: Pick<Pgbouncer, 'port' | 'passwordFile'>, host = 'a') =>
  pooler(
    { name: host },
    EndpointEntry.parse({
      name: 'orders.example.org',
      members: {},
      observers: ['a', 'b', 'c'],
      forwarders: {
        f1: {
          ...{ host: 'a', address: '127.0.0.1' },
          pooler: { console: `postgres://evenkeel@127.0.0.1:${port}/pgbouncer`, password: { file: passwordFile } },
        },
        f2: { host: 'b', address: '127.0.0.2' },
      },
    }),
    endpoint,
  );

describe('the pooler of a forwarder', () => {
  let scene: Scene;
  beforeEach(() => void (scene = new Scene()));
  afterEach(() => scene.close());

  const clientOf = async (port: number): Promise<Client> => {
    const client = new Client({ host: '127.0.0.1', port, user: 'evenkeel', database: 'orders', password });
    client.on('error', () => {});
    await client.connect();
    scene.onEnd(() => client.end());
    return client;
  };

  withPgbouncer('holds its clients until it goes on, and none of them sees an error', async () => {
    const server = await postgresServer(scene);
    const bouncer = await pgbouncer(scene, server.port);
    const { pause, resume } = poolerOf(bouncer);
    const client = await clientOf(bouncer.port);
    await client.query('select 1');
    expect(await pause({ endpoint, deadlineMs: 5_000 })).toMatchObject({ paused: true });
    let answered = false;
    const waits = client.query('select 1').then(() => (answered = true));
    await eventually(async () => (await bouncer.console('SHOW POOLS')).some(({ cl_waiting: n }) => Number(n) === 1));
    expect(await pause({ endpoint, deadlineMs: 5_000 })).toMatchObject({ paused: true });
    expect(answered).toBe(false);
    expect(await resume({ endpoint })).toMatchObject({ paused: false });
    await waits;
    expect(await resume({ endpoint })).toMatchObject({ paused: false });
  });

  withPgbouncer('lets its clients go on when a transaction lasts longer than there is time', async () => {
    const server = await postgresServer(scene);
    const bouncer = await pgbouncer(scene, server.port);
    const { pause } = poolerOf(bouncer);
    const [long, other] = [await clientOf(bouncer.port), await clientOf(bouncer.port)];
    await long.query('begin');
    await expect(pause({ endpoint, deadlineMs: 200 })).rejects.toMatchObject({ code: 'PoolerBusy' });
    await other.query('select 1');
    await long.query('commit');

    await long.query('begin');
    // Asked twice, as after an agent's restart: both wait for the same.
    const twice = Promise.all([1, 2].map(() => pause({ endpoint, deadlineMs: 10_000 })));
    const held: Promise<unknown>[] = [];
    const paused = async () => {
      held.push(other.query('select 1'));
      return (await bouncer.console('SHOW POOLS')).some(({ cl_waiting: n }) => Number(n) > 0);
    };
    await eventually(paused);
    await long.query('commit');
    expect(await twice).toMatchObject([{ paused: true }, { paused: true }]);
    await bouncer.console('RESUME');
    await Promise.all(held);
  });

  withPgbouncer('says which part is missing, who does not answer, and who says no', async () => {
    const silent = await pgbouncerFiles(scene);
    await expect(poolerOf(silent).resume({ endpoint })).rejects.toMatchObject({ code: 'PoolerSilent' });
    expect(() => poolerOf(silent, 'b')).toThrow('b has no pooler of orders');
    expect(() => poolerOf(silent, 'c')).toThrow('c has no forwarder of orders');
  });

  withPgbouncer('says no as pgbouncer does when the password is another', async () => {
    const bouncer = await pgbouncer(scene);
    writeFileSync(bouncer.passwordFile, 'another');
    await expect(poolerOf(bouncer).resume({ endpoint })).rejects.toMatchObject({ code: 'PoolerSaidNo' });
  });
});
