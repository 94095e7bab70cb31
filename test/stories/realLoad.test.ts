import { mkdtempSync, readFileSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { RunView } from '../../src/api/views';
import { applySchedule, tellSchedule } from '../../src/api/schedules';
import type { Output, Report } from '../../src/contract/runbooks';
import { Scene } from '../contract/agents';
import type { Sample } from '../drivers/loadSources';
import { meddler, prometheusServer, type PrometheusServer } from '../drivers/prometheusServer';
import { eventually } from '../setup/eventually';
import { Laboratory, plain } from '../setup/laboratory';
import { daily, stepMs } from '../setup/loads';
import { needs } from '../setup/needs';

/** A real Prometheus, a real control group, a real schedule: what a forecast may do to a machine, and what it never does. */
const run = needs('prometheus', 'promtool', 'cgroup1');
const dayMs = 86_400_000;
const minuteMs = 60_000;
const kinds = ['shop', 'gone', 'broken', 'late', 'skewed'] as const;
type Kind = (typeof kinds)[number];

const scene = new Scene();
const groups = new Map<Kind, string>();
let server: PrometheusServer;
let lab: Laboratory;
afterAll(async () => {
  await lab?.close();
  await scene.close();
});

/** A week of the load, one value in the middle of each step; `late` ended forty minutes ago. */
function history(): Record<'shop' | 'broken' | 'late', Sample[]> {
  const now = Math.floor(Date.now() / stepMs) * stepMs;
  const shop: Sample[] = [];
  for (let atMs = now - 7 * dayMs; atMs < now; atMs += stepMs) shop.push([atMs + stepMs / 2, daily(atMs)]);
  const late = shop.filter(([atMs]) => atMs < now - 40 * minuteMs);
  return { shop, late, broken: shop.map(([atMs]) => [atMs, null]) };
}

async function open(): Promise<void> {
  server = await prometheusServer(scene, history());
  const url = `http://127.0.0.1:${server.port}`;
  const skewed = await meddler(scene, server.port, {
    answer: (headers, body) => {
      headers.date = new Date(Date.now() - 10 * minuteMs).toUTCString();
      return body;
    },
  });
  for (const kind of kinds) {
    const group = mkdtempSync('/sys/fs/cgroup/cpu/evenkeel-test-');
    scene.onEnd(() => rmdirSync(group));
    groups.set(kind, group);
  }
  const objectOf = (kind: Kind) => ({
    ...{ host: 'new-1', min: 1, max: 16, capacity: 50, autonomy: 'act' },
    series: {
      ...{ from: 'prometheus', url: kind === 'skewed' ? skewed : url },
      query: `last_over_time(${kind === 'skewed' ? 'shop' : kind}[5m])`,
    },
    resize: { by: 'cgroup', path: groups.get(kind), what: 'cpu' },
  });
  lab = await Laboratory.open({
    roots: [...groups.values()],
    objects: (_, tag) => Object.fromEntries(kinds.map((kind) => [`${kind}-${tag}`, objectOf(kind)])),
  });
}

const objectNamed = (kind: Kind): string => `${kind}-${lab.tag}`;
/** In cores, as the kernel says it; −1: no limit was ever set. */
const cores = (kind: Kind): number => {
  const value = (name: string) => Number(readFileSync(join(groups.get(kind)!, name), 'utf8'));
  return value('cpu.cfs_quota_us') < 0 ? -1 : value('cpu.cfs_quota_us') / value('cpu.cfs_period_us');
};
const resultOf = (view: RunView): Output<'provisionObject'> =>
  (view.report as Report<Output<'provisionObject'>>).result!;

async function provision(kind: Kind): Promise<RunView> {
  const { id } = await lab.operator.start('provision-object', { object: objectNamed(kind) }, 'ann');
  return lab.until(id, 'ended');
}

run(
  'a schedule fires, forecasts from Prometheus, resizes a control group, and says why',
  async () => {
    await open();
    const { client } = lab.operator;
    const object = objectNamed('shop');
    const id = `provision-object/${object}`;
    await applySchedule(client, id, { runbook: 'provision-object', input: { object }, everyMs: dayMs }, 'ann');
    expect(cores('shop')).toBe(-1);
    await tellSchedule(client, id, 'trigger', '');
    const done = await eventually(
      async () => {
        const [last] = await lab.operator.list({ all: true, target: object, phase: 'done' });
        return last && lab.operator.show(last.id);
      },
      { timeoutMs: 40_000 },
    );
    const result = resultOf(done);
    expect(result).toMatchObject({ rule: 'predictive', resized: true, reason: expect.stringContaining('forecast') });
    expect(result.errorBesideYesterday).toBeLessThan(1);
    expect(cores('shop')).toBe(result.desired);
    await tellSchedule(client, id, 'delete', '');
  },
  120_000,
);

run.each([
  ['a metric that is gone', 'gone', 'NoSeries'],
  ['a metric that says NaN', 'broken', 'NoSeries'],
  ['a clock that is wrong', 'skewed', 'ClockSkew'],
] as const)('%s ends the run with its sentence, and nothing is resized', async (_, kind, code) => {
  const ended = await provision(kind);
  expect(ended.phase).toBe('failed');
  expect(ended.failure).toMatchObject({ code });
  expect(plain(ended.failure!.message)).toContain('Next:');
  expect(cores(kind)).toBe(-1);
});

run('values that stopped to come are not acted on', async () => {
  const result = resultOf(await provision('late'));
  expect(result.reason).toMatch(/as before: the last load that is known is \d+ steps old/);
  expect(cores('late')).toBe(result.resized ? 16 : -1);
});

run(
  'while Prometheus is down a run waits for it, and goes on when it is back',
  async () => {
    const before = cores('shop');
    await server.stop();
    const { id } = await lab.operator.start('provision-object', { object: objectNamed('shop') }, 'ann');
    await eventually(async () => {
      const { steps } = await lab.operator.show(id);
      return steps.some(({ what, state }) => what.startsWith('Read the load') && state === 'running');
    });
    expect(cores('shop')).toBe(before);
    await server.start();
    expect((await lab.until(id, 'ended', 90_000)).phase).toBe('done');
  },
  120_000,
);
