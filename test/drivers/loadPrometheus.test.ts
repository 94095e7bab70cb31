import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Scene } from '../contract/agents';
import { needs } from '../setup/needs';
import { bareLoad, type Entries } from './loadScene';
import { dataset, sourceSuite, startMs, stepMs, type SourceLab } from './loadSources';
import { meddler, prometheusServer, type PrometheusServer } from './prometheusServer';

const run = needs('prometheus', 'promtool');

const seriesOf = (url: string, query: string, more: object = {}) => ({
  series: { from: 'prometheus', url, query, ...more },
});

async function openPrometheus(scene: Scene): Promise<SourceLab> {
  const server = await prometheusServer(scene, dataset());
  const url = `http://127.0.0.1:${server.port}`;
  const entries: Entries = {};
  for (const name of ['web', 'slow', 'late', 'gone']) entries[name] = seriesOf(url, `last_over_time(${name}[1m])`);
  entries['broken'] = seriesOf(url, '{__name__=~"web|slow"}');
  return { load: bareLoad([], entries), stop: server.stop, start: server.start };
}

// What Prometheus has within a step is all it tells: a slower series is one with holes.
sourceSuite('prometheus', run, openPrometheus, 'full of holes');

const few = () => {
  const { web, slow } = dataset();
  return { web: web.slice(0, 100), slow: slow.slice(0, 100) };
};

describe('Prometheus', () => {
  const scene = new Scene();
  let server: PrometheusServer;
  let url: string;
  run('is there', async () => {
    server = await prometheusServer(scene, few());
    url = `http://127.0.0.1:${server.port}`;
  });
  afterAll(() => scene.close());

  const read = async (series: object, steps = 10) => {
    const load = bareLoad([], { x: series });
    return (await load.readSeries({ object: 'x', fromMs: startMs, toMs: startMs + steps * stepMs, stepMs })).values;
  };
  const web = 'last_over_time(web[1m])';

  run('any PromQL will do: the value at the end of a step counts for it', async () => {
    const moving = await read(seriesOf(url, 'sum(sum_over_time(web[3m])) / 2'), 5);
    expect(moving).toEqual([50, 100.125, 150.375, 150.75, 151.125]);
    expect(await read(seriesOf(url, 'web > 1e9 or vector(7)'), 3)).toEqual([7, 7, 7]);
  });

  run('a query that it cannot read is refused with its own words', async () => {
    await expect(read(seriesOf(url, 'sum(web'))).rejects.toMatchObject({
      code: 'SaidNo',
      message: expect.stringContaining('parse error') as string,
    });
  });

  run('several series are refused, with the way out', async () => {
    await expect(read(seriesOf(url, '{__name__=~"web|slow"}'))).rejects.toMatchObject({
      code: 'ManySeries',
      message: expect.stringContaining('sum them up') as string,
    });
  });

  run.each([
    ['ahead of', 1],
    ['behind', -1],
  ])('a clock that is %s ours is refused', async (way, sign) => {
    const other = await meddler(scene, server.port, {
      answer: (headers, body) => {
        headers.date = new Date(Date.now() + sign * 120_000).toUTCString();
        return body;
      },
    });
    await expect(read(seriesOf(other, web))).rejects.toMatchObject({
      code: 'ClockSkew',
      message: expect.stringContaining(way) as string,
    });
  });

  run('an answer for other times than those asked for is refused', async () => {
    const shifted = await meddler(scene, server.port, {
      question: (form) => form.set('start', String(Number(form.get('start')) + 7)),
    });
    await expect(read(seriesOf(shifted, web))).rejects.toMatchObject({ code: 'BadSeries' });
  });

  run('an answer that may be incomplete is refused', async () => {
    const partial = await meddler(scene, server.port, {
      answer: (_, body) => JSON.stringify({ ...(JSON.parse(body) as object), warnings: ['store 2 did not answer'] }),
    });
    await expect(read(seriesOf(partial, web))).rejects.toThrow('store 2 did not answer');
  });

  run('a bearer token comes from its file, which nobody else may read', async () => {
    const file = join(scene.directory(), 'token');
    let given = '';
    const guarded = await meddler(scene, server.port, {
      question: (_, headers) => (given = headers.authorization ?? ''),
    });
    writeFileSync(file, 'a-token\n', { mode: 0o600 });
    await read(seriesOf(guarded, web, { bearer: { file } }));
    expect(given).toBe('Bearer a-token');
    const open = join(scene.directory(), 'token');
    writeFileSync(open, 'a-token\n', { mode: 0o644 });
    await expect(read(seriesOf(guarded, web, { bearer: { file: open } }))).rejects.toMatchObject({
      code: 'OpenSecret',
    });
    await expect(read(seriesOf(guarded, web, { bearer: { file: '/nowhere' } }))).rejects.toMatchObject({
      code: 'NoSuchFile',
    });
  });

  run('basic authentication, as Prometheus itself checks it', async () => {
    // bcrypt of "test", from the documentation of Prometheus.
    const hash = '$2b$12$hNf2lSsxfm0.i4a.1kVpSOVyBCfIB51VRjgBUyv6kdnyTlgWj81Ay';
    const guarded = await prometheusServer(scene, few(), `basic_auth_users: { ann: ${hash} }\n`);
    const password = join(scene.directory(), 'password');
    const series = (word: string) => {
      writeFileSync(password, word, { mode: 0o600 });
      return seriesOf(`http://127.0.0.1:${guarded.port}`, web, { user: 'ann', password: { file: password } });
    };
    expect((await read(series('test')))[0]).toBe(100);
    await expect(read(series('tset'))).rejects.toMatchObject({ code: 'SaidNo' });
  });

  run('something else that listens there is no Prometheus', async () => {
    const other = createServer((_, reply) => void reply.end('hello'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    scene.onEnd(() => new Promise((resolve) => other.close(resolve)));
    const at = `http://127.0.0.1:${(other.address() as AddressInfo).port}`;
    await expect(read(seriesOf(at, web))).rejects.toMatchObject({ code: 'SaidNo' });
  });
});
