import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { scheduleObjects } from '../../src/api/scheduleObjects';
import { applySchedule, listSchedules, tellSchedule } from '../../src/api/schedules';
import { ObjectEntry } from '../../src/contract/objects';
import { packageRoot } from '../../src/stack/places';
import { eventually } from '../setup/eventually';
import { Laboratory, type Pair } from '../setup/laboratory';
import { daily, writeLoad } from '../setup/loads';

let lab: Laboratory;
let pair: Pair;
let shop: { name: string; size: () => number };
beforeAll(async () => {
  lab = await Laboratory.open({ objects: (root, tag) => ({ [`shop-${tag}`]: objectIn(root) }) });
  pair = lab.pair().fill(['home'], { files: 2 }).mend();
  const root = join(lab.folder, 'new-1');
  writeLoad(join(root, 'load.csv'), daily, Date.now());
  shop = { name: `shop-${lab.tag}`, size: () => Number(readFileSync(join(root, 'size'), 'utf8')) };
}, 120_000);

/** Looked at every two seconds; its size is a number in a file. */
function objectIn(root: string): object {
  writeFileSync(join(root, 'size'), '1');
  const write = "require('fs').writeFileSync(process.argv[1], process.argv[2])";
  return {
    ...{ host: 'new-1', min: 1, max: 40, capacity: 25, autonomy: 'act' },
    series: { from: 'csv', file: join(root, 'load.csv') },
    resize: {
      by: 'exec',
      set: [process.execPath, '-e', write, join(root, 'size'), '{size}'],
      read: ['cat', join(root, 'size')],
    },
    schedule: { every: '2s', jitter: '0s', catchUp: '10s' },
  };
}
afterAll(() => lab?.close());

const hourMs = 3_600_000;

function evenkeel(...words: string[]): Promise<{ status: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [join(packageRoot, 'bin', 'evenkeel.js'), ...words],
      { env: process.env },
      (error, out, err) => resolve({ status: error ? Number(error.code) : 0, out, err }),
    );
  });
}

test('a schedule makes up for times that have passed, one run after the other', async () => {
  const name = `hourly-${pair.to}`;
  const words = ['schedule', 'apply', 'ingest-vfs', '--from', pair.from, '--to', pair.to, '--dry-run', '--name', name];
  expect(await evenkeel(...words, '--every', '1h', '--jitter', '90s')).toMatchObject({ status: 0, err: '' });
  const listed = async () => (await listSchedules(lab.operator.client)).find(({ id }) => id === name);
  expect(await eventually(listed)).toMatchObject({ when: 'every 1 h', paused: false });
  // Times with jitter lie up to 90 s behind the hour: from one half hour to the next but one, two of them.
  const half = Math.floor(Date.now() / hourMs) * hourMs - hourMs / 2;
  const between = (from: number, to: number) =>
    evenkeel('schedule', 'backfill', name, '--from', at(from), '--to', at(to), '--json');
  expect(JSON.parse((await between(half - 2 * hourMs, half)).out)).toMatchObject({ id: name, said: 'backfill' });
  await eventually(
    async () => {
      const runs = await lab.operator.list({ all: true, target: pair.to });
      return runs.filter(({ by, phase }) => by === `schedule ${name}` && phase === 'planned').length === 2;
    },
    { timeoutMs: 30_000 },
  );
  expect(await between(half, Date.now() + hourMs)).toMatchObject({
    status: 3,
    err: expect.stringContaining('a backfill goes from a time that has passed'),
  });
  expect(await evenkeel('schedule', 'apply', 'ingest-vsf')).toMatchObject({
    status: 3,
    err: expect.stringContaining('did you mean "ingest-vfs"'),
  });
  expect(await evenkeel(...words, '--cron', '0 4 * * 6')).toMatchObject({ status: 0 });
  await eventually(async () => (await listed())?.when === '0 4 * * 6');
  await tellSchedule(lab.operator.client, name, 'delete', '');
}, 60_000);

const at = (ms: number): string => new Date(ms).toISOString();

test('the schedules of a fleet file follow it: made, changed, kept, removed, and those of others left alone', async () => {
  const { client } = lab.operator;
  const object = (more: object = {}) =>
    ObjectEntry.parse({
      ...{ host: 'old-1', series: { from: 'csv', file: join(pair.store('old-1'), 'load.csv') } },
      ...{ min: 1, max: 9, capacity: 10, schedule: { every: '1d' }, ...more },
    });
  const resize = { by: 'exec', set: ['true', '{size}'], read: ['echo', '1'] };
  const [web, cache, hand] = ['web', 'cache', 'hand'].map((name) => `${name}-${lab.tag}`) as [string, string, string];
  const apply = (objects: Record<string, ObjectEntry>, dryRun = false) =>
    scheduleObjects(client, { fleet: lab.tag, objects }, { by: 'ann', dryRun });
  const changesOf = async (...given: Parameters<typeof apply>) =>
    (await apply(...given)).map(({ id, change }) => `${change} ${id.replace(`-${lab.tag}`, '')}`);
  await applySchedule(
    client,
    `forecast-object/${hand}`,
    { runbook: 'forecast-object', input: { object: hand }, everyMs: 24 * hourMs },
    'bob',
  );
  const first = { [web]: object({ resize }), [cache]: object(), [hand]: object() };
  const made = ['make provision-object/web', 'make forecast-object/cache', 'leave forecast-object/hand'];
  expect(await changesOf(first, true)).toEqual(made);
  expect(await changesOf(first)).toEqual(made);
  expect(await changesOf(first)).toEqual(made.map((each) => each.replace('make', 'keep')));
  const mine = async () => {
    const all = (await listSchedules(client)).filter(({ id }) => id.endsWith(lab.tag));
    return all.map(({ id, when, fleet }) => `${id.replace(`-${lab.tag}`, '')} ${when} ${fleet === lab.tag}`);
  };
  await eventually(async () => (await mine()).length === 3);
  expect((await mine()).toSorted()).toEqual([
    'forecast-object/cache every 1 d true',
    'forecast-object/hand every 1 d false',
    'provision-object/web every 1 d true',
  ]);
  await tellSchedule(client, `provision-object/${web}`, 'pause', 'pause by ann');
  const second = { [web]: object({ resize, schedule: { every: '12h', jitter: '1min', catchUp: '1min' } }) };
  expect(await changesOf(second)).toEqual(['change provision-object/web', 'remove forecast-object/cache']);
  const { spec, policies, state } = await client.schedule.getHandle(`provision-object/${web}`).describe();
  expect({ every: spec.intervals?.[0]?.every, jitter: spec.jitter, ...policies, ...state }).toMatchObject({
    ...{ every: 12 * hourMs, jitter: 60_000, overlap: 'SKIP', catchupWindow: 60_000, paused: true },
  });
  await eventually(async () => (await mine()).length === 2);
  expect(await changesOf({})).toEqual(['remove provision-object/web']);
  await tellSchedule(client, `forecast-object/${hand}`, 'delete', '');
}, 60_000);

test('a schedule of the fleet file fires and resizes, goes on after its worker was killed, and starts nothing while it is paused', async () => {
  const fleet = ['--fleet', join(lab.folder, 'fleet.yaml')];
  const planned = await evenkeel('schedule', 'apply', ...fleet, '--dry-run', '--json');
  const id = `provision-object/${shop.name}`;
  const changes = [{ id, change: 'make', why: 'every 2.0 s, caught up within 10 s; resizes by itself' }];
  expect(JSON.parse(planned.out)).toEqual({ fleet: 'lab', dryRun: true, changes });
  expect(shop.size()).toBe(1);
  expect((await evenkeel('schedule', 'apply', ...fleet)).out).toMatch(new RegExp(`made +${id} +every 2.0 s`));
  await eventually(() => shop.size() > 1, { timeoutMs: 30_000 });
  const done = async () => (await lab.operator.list({ all: true, target: shop.name, phase: 'done' })).length;
  await eventually(done, { timeoutMs: 30_000 });
  await lab.stack.kill('worker', 'SIGKILL');
  await lab.stack.restart('worker');
  const before = await done();
  await eventually(async () => (await done()) > before, { timeoutMs: 40_000 });
  expect(await evenkeel('schedule', 'pause', id)).toMatchObject({ status: 0 });
  const { client } = lab.operator;
  const actions = async () => (await client.schedule.getHandle(id).describe()).info.numActionsTaken;
  const taken = await actions();
  const lookedAt = Date.now();
  await eventually(() => Date.now() - lookedAt > 5_000, { everyMs: 500 });
  expect(await actions()).toBe(taken);
  expect(await evenkeel('schedule', 'delete', id)).toMatchObject({ status: 0 });
}, 120_000);
