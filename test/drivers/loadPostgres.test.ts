import type { Client } from 'pg';
import { Scene } from '../contract/agents';
import { needs } from '../setup/needs';
import { bareLoad, type Entries } from './loadScene';
import { dataset, sourceSuite, type SourceLab } from './loadSources';
import { postgresServer, type PostgresServer } from './postgresServer';

const run = needs('postgres');

const seriesOf = ({ port, passwordFile }: PostgresServer, query: string, more: object = {}) => ({
  series: {
    ...{ from: 'postgres', url: `postgres://evenkeel@127.0.0.1:${port}/postgres`, query },
    ...{ password: { file: passwordFile }, ...more },
  },
});

const between = (table: string) => `select at, load from ${table} where at >= $1 and at < $2;`;

async function openPostgres(scene: Scene): Promise<SourceLab> {
  const server = await postgresServer(scene);
  const client = await server.connect();
  const entries: Entries = {};
  const { web, slow, late } = dataset();
  for (const [name, samples] of Object.entries({ web, slow, late })) {
    await client.query(`create table ${name} (at timestamptz, load numeric)`);
    const times = samples.map(([atMs]) => new Date(atMs).toISOString());
    const values = samples.map(([, value]) => value ?? 'NaN');
    await client.query(`insert into ${name} select * from unnest($1::timestamptz[], $2::numeric[])`, [times, values]);
    entries[name] = seriesOf(server, between(name));
  }
  await client.end();
  entries['gone'] = seriesOf(server, between('gone'));
  entries['broken'] = seriesOf(server, "select $1::timestamptz, 'many' where $1::timestamptz < $2::timestamptz");
  return { load: bareLoad([], entries), stop: server.stop, start: server.start };
}

sourceSuite('postgres', run, openPostgres, 'refused');

describe('a query of PostgreSQL', () => {
  const scene = new Scene();
  let server: PostgresServer;
  let client: Client;
  run('finds a server', async () => {
    server = await postgresServer(scene);
    client = await server.connect();
    scene.onEnd(() => client.end());
    await client.query('create table plain (at timestamp, load integer)');
    await client.query("insert into plain values ('2026-01-01 00:00:30', 1), ('2026-01-01 00:01:30', null)");
  });
  afterAll(() => scene.close());

  const read = async (query: string, more: object = {}) => {
    const load = bareLoad([], { x: seriesOf(server, query, more) });
    const fromMs = Date.UTC(2026, 0, 1);
    return (await load.readSeries({ object: 'x', fromMs, toMs: fromMs + 120_000, stepMs: 60_000 })).values;
  };

  run('reads a timestamp without a zone as UTC, whatever the zone of the agent, and null as nothing', async () => {
    expect(await read(between('plain'))).toEqual([1, null]);
    const epoch = 'select extract(epoch from at), load from plain where at >= $1::timestamp and at < $2::timestamp';
    expect(await read(epoch)).toEqual([1, null]);
  });

  run('several rows of a step become one', async () => {
    const rows = `select at, 1 from (select $1::timestamptz + n * interval '10 s' as at from generate_series(0, 11) n) x
      where at < $2`;
    expect(await read(rows, { combine: 'sum' })).toEqual([6, 6]);
  });

  run('cannot write, be it asked to', async () => {
    const writes = 'with w as (insert into plain values ($1, 1) returning *) select at, load from w where at < $2';
    await expect(read(writes)).rejects.toMatchObject({ code: 'SaidNo' });
    await expect(read('select $1, $2; drop table plain')).rejects.toMatchObject({ code: 'SaidNo' });
    expect((await client.query('select * from plain')).rowCount).toBe(2);
  });

  run('a wrong password and a query with other columns are refused, each with its reason', async () => {
    const wrong = read(between('plain'), { password: { env: 'HOME' } });
    await expect(wrong).rejects.toMatchObject({
      code: 'SaidNo',
      message: expect.stringContaining('password') as string,
    });
    await expect(read("select $1::text || 'x', $2::text")).rejects.toMatchObject({
      code: 'BadSeries',
      message: expect.stringContaining('row 1: its first column is no time') as string,
    });
  });
});
