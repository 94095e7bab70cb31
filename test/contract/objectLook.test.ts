import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client, Connection } from '@temporalio/client';
import { pino } from 'pino';
import type { AgentClient } from '../../src/agent/client';
import type { ObjectView } from '../../src/api/objectView';
import { objectsLook } from '../../src/api/objectsLook';
import { operatorOn } from '../../src/api/operator';
import { createApi } from '../../src/api/server';
import { statusDocument } from '../../src/api/page/document';
import type { DriverTable } from '../../src/drivers/host';
import { csv } from '../../src/drivers/load/csv';
import { exec } from '../../src/drivers/load/exec';
import { objects as loadOf } from '../../src/drivers/load/objects';
import { loadFleet } from '../../src/fleet/load';
import type { SaidForecast } from '../../src/contract/outlook';
import { packageRoot } from '../../src/stack/places';
import { freePort } from '../../src/stack/ports';
import { eventually } from '../setup/eventually';
import { Scene, token } from './agents';

const stepMs = 900_000;
const dayMs = 86_400_000;
const days = 19;

/** A day that repeats itself, smaller at weekends, with something on top that nobody can know; the same in every run. */
function loadAt(step: number): number {
  const hour = ((step * stepMs) % dayMs) / 3_600_000;
  const rest = [2, 3].includes(Math.floor((step * stepMs) / dayMs) % 7) ? 0.6 : 1;
  return 500 * rest * (1.2 - Math.cos(((hour - 3) * Math.PI) / 12)) * (1 + 0.1 * Math.sin(step * 12.9898 + step ** 2));
}

let scene: Scene;
let fleetFile: string;
let client: AgentClient;
let folder: string;
let drivers: DriverTable;
beforeAll(async () => {
  scene = new Scene();
  folder = scene.directory();
  const now = Math.floor(Date.now() / stepMs);
  const steps = Array.from({ length: (days * dayMs) / stepMs }, (_, back) => now - (days * dayMs) / stepMs + back);
  writeFileSync(join(folder, 'web.csv'), steps.map((at) => `${(at * stepMs) / 1000},${loadAt(at)}\n`).join(''));
  writeFileSync(join(folder, 'size'), '6\n');
  fleetFile = join(folder, 'fleet.yaml');
  const [port, nobody] = [await freePort(0), await freePort(0)];
  const object = (host: string, file: string, more: string) =>
    `{ host: ${host}, series: { from: csv, file: ${folder}/${file} }, step: 15min, min: 1, max: 20, ${more} }`;
  const resize = `resize: { by: exec, set: [/bin/sh, -c, 'echo {size}'], read: [/bin/cat, ${folder}/size], unit: replicas }`;
  writeFileSync(
    fleetFile,
    `fleet: berlin
hosts:
  a: { agent: "http://127.0.0.1:${port}", roots: [${folder}] }
  b: { agent: "http://127.0.0.1:${nobody}", roots: [${folder}] }
objects:
  web: ${object('a', 'web.csv', `capacity: 100, ${resize}`)}
  shares: ${object('a', 'web.csv', 'targetUse: 0.7')}
  silent: ${object('b', 'web.csv', 'capacity: 100')}
  gone: ${object('a', 'gone.csv', 'capacity: 100')}
`,
  );
  const { fleet } = loadFleet(fleetFile);
  const tables = { sources: { csv: async () => csv }, resizers: { exec: async () => exec } };
  drivers = { load: async (host) => loadOf(host, tables) };
  const agent = await scene.agent({ fleet, drivers });
  client = scene.client(agent.url);
  for (const hours of [30, 6]) await publish(now * stepMs - hours * 3_600_000);
});
afterAll(() => scene.close());

/** What a run would have said of `web` at a moment of the past. */
async function publish(atMs: number): Promise<void> {
  const asked = { object: 'web', fromMs: atMs - 14 * dayMs, toMs: atMs, stepMs };
  const { startMs, values } = await client.load.readSeries(asked);
  const start = new Date(startMs).toISOString();
  const line = JSON.stringify({ id: 1, start, step: stepMs / 1000, values, horizon: 96, levels: [80, 95] });
  const told = JSON.parse((await typed(['forecast', '--jsonl'], `${line}\n`)).out) as {
    [field in 'lo' | 'hi']: Record<string, number[]>;
  } & { mean: number[]; model: string; why: string; scores: Record<string, number> };
  const { lo, hi, mean, model, why, scores } = told;
  const bands = [80, 95].map((level) => ({ level, lower: lo[level]!, upper: hi[level]! }));
  const [naive, ratio] = [scores['seasonalNaive']!, scores[model]! / scores['seasonalNaive']!];
  const evidence = { model, why, errors: scores, naive, ratio, origins: 24 };
  const forecast: SaidForecast = { startMs: atMs, stepMs, mean, bands, ...evidence };
  const decision = { wish: 8, desired: 8, rule: 'predictive' as const, reason: '8 for the forecast', bounds: [] };
  const outlook = { atMs, forecast, size: 6, capacity: 100, decision: { ...decision, done: false } };
  await client.load.publishOutlook({ object: 'web', outlook, lease: { target: 'object/web', epoch: 1 } });
}

interface Said {
  status: number;
  out: string;
  err: string;
}

const evenkeel = (...words: string[]): Promise<Said> => typed(words);

function typed(words: string[], input = ''): Promise<Said> {
  const env = { ...process.env, EVENKEEL_TOKEN: token, EVENKEEL_FLEET: fleetFile, COLUMNS: '90' };
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [join(packageRoot, 'bin', 'evenkeel.js'), ...words],
      { env },
      (error, out, err) => resolve({ status: error ? Number(error.code) : 0, out, err }),
    );
    child.stdin?.end(input);
  });
}

describe('evenkeel forecast', () => {
  test('shows the load and its forecast, what speaks for it, and how the last one did', async () => {
    const { status, out, err } = await evenkeel('forecast', 'web');
    expect({ status, err }).toEqual({ status: 0, err: '' });
    expect(out).toMatch(/^web on a: 1\u202f34\d values of .*web\.csv, one every 15 min\n/);
    expect(out).toMatch(/█.*▓/);
    expect(out).toMatch(/✔ +(seasonality|trend|baseline) +\d/);
    expect(out).toMatch(/as at this time yesterday +\S+ +100 %/);
    expect(out).toMatch(/was nearest at \d+ origins/);
    expect(out.replaceAll('\n', ' ')).toMatch(
      /has met 2\d steps since: \d+ % inside the 80 % band, \d+ % inside the 95 % band; mean error \d/,
    );
    expect(out).toContain('It has 6 replicas; 1 to 20 replicas allowed.');
    expect(out.replaceAll('\n', ' ')).toContain(
      '8 replicas (not done, the fleet file only wants a forecast): 8 for the forecast.',
    );
    for (const line of out.split('\n').slice(1)) expect(Array.from(line).length).toBeLessThanOrEqual(90);
  });

  test('as one document, and as a picture', async () => {
    const svg = join(folder, 'web.svg');
    const { status, out } = await evenkeel('forecast', 'web', '--json', '--horizon', '6h', '--svg', svg);
    expect(status).toBe(0);
    const document = JSON.parse(out) as { forecast: { mean: number[] } };
    expect(document).toMatchObject({
      ...{ object: 'web', host: 'a', stepMs, size: { size: 6, unit: 'replicas' } },
      forecast: { naive: expect.any(Number), why: expect.any(String) },
      promised: { steps: expect.any(Number), inside: [{ level: 80 }, { level: 95 }] },
      outlook: { decision: { desired: 8 } },
    });
    expect(document.forecast.mean).toHaveLength(24);
    expect(readFileSync(svg, 'utf8')).toMatch(/^<svg [^]*<\/svg>\n$/);
    expect((await evenkeel('forecast', 'web', '--svg', '-')).out).toMatch(/^<svg [^]*<\/svg>\n$/);
  });

  test.each<[string[], number, string]>([
    [['forecast', 'wep'], 3, 'the fleet file has no object "wep"; did you mean "web"?'],
    [['forecast'], 2, 'are web, shares, silent, gone), or give --jsonl'],
    [['forecast', 'web', '--horizon', '6'], 2, 'expected a time such as 6h'],
    [['forecast', 'web', '--jsonl'], 2, 'leave the object out'],
    [['forecast', 'silent'], 7, 'the agent of b does not answer'],
    [['forecast', 'gone'], 3, 'gone.csv'],
    [['simulate', 'shares'], 3, 'shares has `targetUse`'],
    [['simulate', 'gone'], 3, 'gone.csv'],
    [['simulate', 'web', '--days', '14'], 3, 'a replay of 14 days needs 21 d'],
    [['simulate', 'web', '--days', 'many'], 2, 'expected 1 to 60'],
  ])('evenkeel %j ends with %d and says why', async (words, status, says) => {
    expect(await evenkeel(...words)).toMatchObject({ status, err: expect.stringContaining(says) });
  });
});

test('evenkeel simulate replays the policy beside what people do without one, and says what it means', async () => {
  const { status, out } = await evenkeel('simulate', 'web', '--days', '2');
  expect(status).toBe(0);
  const rules = ['evenkeel', 'static peak', 'HPA at 70 %', 'same as yesterday'];
  for (const rule of rules)
    expect(out).toMatch(new RegExp(`^${rule} +[\\d.]+ % +[\\d.]+ % +\\d+ % +[\\d.]+ +[\\d.]+ ×$`, 'm'));
  expect(out.replaceAll('\n', ' ')).toMatch(
    /In these 2 days, switched on, it would have needed \d+ % less capacity than static peak/,
  );
});

describe('the status page and the API', () => {
  const looker = () => objectsLook({ fleet: () => loadFleet(fleetFile).fleet, token });
  const named = (views: ObjectView[], object: string) => views.find((view) => view.object === object)!;

  test('know load, forecast, size and decision of each object, and look again only after a while', async () => {
    const look = looker();
    const views = await look();
    const web = named(views, 'web');
    expect(web).toMatchObject({ size: 6, unit: 'replicas', decision: { desired: 8 }, autonomy: 'forecast' });
    expect(web.trouble).toBeUndefined();
    expect(web.picture).toMatchObject({ earlier: {}, capacity: {}, recommended: {} });
    expect(web.picture!.history.values).toHaveLength(192);
    expect(named(views, 'silent').trouble).toMatch(/the agent of b does not answer/);
    expect(named(views, 'gone').trouble).toMatch(/gone\.csv/);
    writeFileSync(join(folder, 'size'), '7\n');
    expect(named(await look(), 'web').size).toBe(6);
    expect(named(await looker()(), 'web').size).toBe(7);
  });

  test('an agent that falls silent is told, and what was known stays', async () => {
    const { fleet } = loadFleet(fleetFile);
    const url = `http://127.0.0.1:${await freePort(0)}`;
    const moved = { ...fleet, hosts: { ...fleet.hosts, a: { ...fleet.hosts['a']!, agent: url } } };
    const agent = await scene.agent({ fleet: moved, drivers });
    const look = objectsLook({ fleet: () => moved, token }, 0);
    await eventually(async () => named(await look(), 'web').picture);
    await agent.stop();
    await eventually(async () => named(await look(), 'web').trouble?.includes('the agent of a does not answer'));
    const views = await look();
    const page = statusDocument({
      at: new Date(),
      running: [],
      ended: [],
      troubles: [],
      endpoints: [],
      pairs: [],
      objects: views,
    });
    expect(page).toMatch(/the agent of a does not answer[^]*the picture is of <time[^]*<svg /);
  });

  test('the page draws what it knows, tells the rest in words, and has no style of its own in it', async () => {
    const objects = await looker()();
    const facts = { at: new Date(), running: [], ended: [], troubles: [], endpoints: [], pairs: [] };
    const page = statusDocument({ ...facts, objects });
    expect(page.match(/<svg /g)).toHaveLength(4);
    expect(page).toMatch(/<strong>8 replicas<\/strong> by the forecast, not done/);
    expect(page).toMatch(/errs \d+ % less than seasonal naive/);
    expect(page).toContain('the agent of b does not answer');
    expect(page).not.toMatch(/ style=|<style/);
    expect(statusDocument({ ...facts, objects: [] })).not.toContain('Objects');
  });

  test('GET /v1/objects answers with the same, to a viewer', async () => {
    const connection = Connection.lazy({ address: '127.0.0.1:1' });
    const app = createApi({
      operator: operatorOn(new Client({ connection })),
      tokens: [{ name: 'vera', role: 'viewer', token: 'viewer-token' }],
      fleet: async () => ({ fleet: 'berlin', hosts: [], fileServers: [] }),
      objects: looker(),
      guarded: async () => ({ endpoints: [], pairs: [] }),
      log: pino({ level: 'silent' }),
    });
    scene.onEnd(() => connection.close());
    scene.onEnd(() => app.close());
    const ask = (headers = {}) => app.inject({ method: 'GET', url: '/v1/objects', headers });
    expect((await ask()).statusCode).toBe(401);
    const answer = await ask({ authorization: 'Bearer viewer-token' });
    const { objects } = answer.json<{ objects: ObjectView[] }>();
    expect(objects.map(({ object }) => object)).toEqual(['web', 'shares', 'silent', 'gone']);
    expect(named(objects, 'web')).toMatchObject({ model: expect.any(String), picture: { forecast: {} } });
  });
});
