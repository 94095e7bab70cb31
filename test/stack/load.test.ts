import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MockActivityEnvironment } from '@temporalio/testing';
import { stringify } from 'yaml';
import { createActivities, type Activities } from '../../src/activities';
import { createAgentClient, type AgentClient } from '../../src/agent/client';
import { liveFleet } from '../../src/fleet/live';
import { packageRoot } from '../../src/stack/places';
import { freePort } from '../../src/stack/ports';
import { eventually } from '../setup/eventually';

const token = 'token-of-this-test';
const stepMs = 60_000;
const lease = { target: 'web', epoch: 1 };

let folder: string;
let agent: AgentClient;
let activities: Activities;
let end: () => Promise<void>;

/** A compiled agent as `evenkeel agent run` starts it: its drivers are those of drivers/index. */
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'evenkeel-load-'));
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data/size'), '3');
  const port = await freePort();
  const file = join(folder, 'fleet.yaml');
  writeFileSync(file, stringify(fleetAt(`http://127.0.0.1:${port}`)));
  const words = [join(packageRoot, 'bin', 'evenkeel.js'), 'agent', 'run', '--host', 'a1', '--fleet', file];
  const env = { ...process.env, EVENKEEL_TOKEN: token, EVENKEEL_STATE: join(folder, 'state') };
  const child = spawn(process.execPath, words, { stdio: 'ignore', env });
  const over = new Promise((resolve) => child.once('exit', resolve));
  agent = createAgentClient({ host: 'a1', url: `http://127.0.0.1:${port}`, token });
  end = async () => {
    agent.close();
    child.kill('SIGTERM');
    await over;
    rmSync(folder, { recursive: true, force: true });
  };
  await eventually(() => agent.host.describe({}));
  activities = createActivities({
    fleet: liveFleet(file, () => undefined),
    agent: () => agent,
    temporal: undefined as never,
  });
}, 60_000);
afterAll(() => end());

function fleetAt(agentUrl: string): object {
  const data = join(folder, 'data');
  const series = { from: 'csv', file: join(data, 'load.csv') };
  const object = { host: 'a1', series, step: '1min', min: 1, max: 9, capacity: 100 };
  const nowhere = 'http://127.0.0.1:1';
  const resizes: Record<string, object> = {
    web: { by: 'exec', set: ['cp', join(data, 'to-{size}'), join(data, 'size')], read: ['cat', join(data, 'size')] },
    group: { by: 'cgroup', path: join(data, 'none'), what: 'cpu' },
    pool: { by: 'pgbouncer', url: 'postgres://127.0.0.1:1/pgbouncer' },
    proxy: { by: 'haproxy', socket: join(data, 'none.sock'), what: 'maxconn', proxy: 'web' },
    pods: { by: 'kubernetes', url: nowhere, name: 'web' },
    hook: { by: 'webhook', url: nowhere, read: nowhere, secret: { env: 'PATH' } },
  };
  const sources: Record<string, object> = {
    metric: { from: 'prometheus', url: nowhere, query: 'up' },
    table: { from: 'postgres', url: 'postgres://127.0.0.1:1/x', query: 'select 1 where $1 < $2' },
  };
  return {
    fleet: 'test',
    hosts: { a1: { agent: agentUrl, roots: [data] } },
    objects: {
      ...Object.fromEntries(Object.entries(resizes).map(([name, resize]) => [name, { ...object, resize }])),
      ...Object.fromEntries(Object.entries(sources).map(([name, from]) => [name, { ...object, series: from }])),
    },
  };
}

/** As a worker runs it, with the heartbeats that it sent. */
async function run<T>(act: () => Promise<T>): Promise<{ answer: T; beats: unknown[] }> {
  const environment = new MockActivityEnvironment();
  const beats: unknown[] = [];
  environment.on('heartbeat', (beat: unknown) => beats.push(beat));
  return { answer: await environment.run(act), beats };
}

test('the activities tell what the fleet file says, without addresses, and read and resize through the agent', async () => {
  const { answer: facts } = await run(() => activities.describeObject({ object: 'web' }));
  expect(facts).toEqual({
    ...{ name: 'web', host: 'a1', min: 1, max: 9, autonomy: 'forecast', from: 'csv', by: 'exec' },
    ...{ stepMs, leadMs: 600_000, holdMs: 600_000, changesADay: 48, everyMs: 3_600_000, carries: { capacity: 100 } },
  });
  const startMs = Math.floor(Date.now() / stepMs - 10) * stepMs;
  for (let step = 0; step < 5; step++)
    appendFileSync(join(folder, 'data/load.csv'), `${new Date(startMs + step * stepMs).toISOString()},${step}\n`);
  const asked = { object: 'web', host: 'a1', fromMs: startMs, toMs: startMs + 6 * stepMs, stepMs };
  const { answer: series, beats } = await run(() => activities.readSeries(asked));
  expect(series).toEqual({ startMs, stepMs, values: [0, 1, 2, 3, 4, null], source: join(folder, 'data/load.csv') });
  expect(beats[0]).toEqual({ host: 'a1', what: 'Read the load of web' });
  writeFileSync(join(folder, 'data/to-5'), '5');
  const order = { host: 'a1', object: 'web', size: 5, lease, because: 'a test' };
  expect((await run(() => activities.resizeObject(order))).answer).toMatchObject({ was: 3, size: 5, changed: true });
  expect((await run(() => activities.readSize({ host: 'a1', object: 'web' }))).answer).toMatchObject({ size: 5 });
});

test('a refusal is a failure of its code, and whether a retry is worth it is told with it', async () => {
  await expect(run(() => activities.describeObject({ object: 'wbe' }))).rejects.toMatchObject({
    type: 'UnknownObject',
    nonRetryable: true,
  });
  const asked = { object: 'metric', host: 'a1', fromMs: 0, toMs: stepMs, stepMs };
  await expect(run(() => activities.readSeries(asked))).rejects.toMatchObject({
    type: 'NoAnswer',
    nonRetryable: false,
  });
});

test('every driver is there, and those whose thing is not say so', async () => {
  const codes: Record<string, string> = {
    group: 'NotFound',
    pool: 'NoAnswer',
    proxy: 'NoAnswer',
    pods: 'NoAnswer',
    hook: 'NoAnswer',
  };
  for (const [object, code] of Object.entries(codes))
    await expect(agent.load.readSize({ object })).rejects.toMatchObject({ code });
  for (const object of ['metric', 'table'])
    await expect(agent.load.readSeries({ object, fromMs: 0, toMs: stepMs, stepMs })).rejects.toMatchObject({
      code: 'NoAnswer',
    });
});
