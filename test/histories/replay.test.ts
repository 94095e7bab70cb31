import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporal } from '@temporalio/proto';
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker';
import { kebab } from '../../src/contract/runbooks';
import { Endings } from '../../src/laboratory/endings';
import { endpointOfLab, pairOfLab } from '../../src/laboratory/failoverFleet';
import { bundlePath } from '../../src/workers/bundle';
import { eventually } from '../setup/eventually';
import { failoverNeeds, FailoverScene } from '../setup/failoverScene';
import { Laboratory } from '../setup/laboratory';
import { daily, writeLoad } from '../setup/loads';
import { needs } from '../setup/needs';

/** EVENKEEL_RECORD=1 writes the histories of a fresh run here; otherwise those that are here must replay. */
const recording = process.env['EVENKEEL_RECORD'] === '1';
const recorded = readdirSync(__dirname).filter((file) => file.endsWith('.history'));
/** Of runs that earlier builds began, and that a command which was added since would break. */
const earlier = readdirSync(join(__dirname, 'earlier')).map((file) => join('earlier', file));

const { History } = temporal.api.history.v1;
type History = temporal.api.history.v1.IHistory;

/** Recorded in the laboratory for failover. */
const runbooksOnLinux = [
  ...['failOverEndpoint', 'failOverProxy', 'guardEndpoint', 'guardProxies'],
  ...['rejoinStandby', 'replaceForwarder', 'switchOverEndpoint'],
] as const;

Runtime.install({ logger: new DefaultLogger('ERROR') });

async function replay(history: History): Promise<void> {
  const id = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId;
  await Worker.runReplayHistory({ workflowBundle: { codePath: bundlePath() } }, history, id ?? undefined);
}

test('what was recorded replays: runs that are under way survive this version', async () => {
  if (recording) return;
  expect(recorded.toSorted()).toEqual(
    [...runbooksOnLinux, 'forecastObject', 'ingestVfs', 'ingestVfsUndone', 'lease', 'provisionObject', 'sendPass']
      .toSorted()
      .map((name) => `${name}.history`),
  );
  for (const file of [...recorded, ...earlier]) await replay(History.decode(readFileSync(join(__dirname, file))));
}, 60_000);

test('a run that was approved, held, retried, paused and tuned replays', async () => {
  const lab = await Laboratory.open();
  try {
    const pair = lab.pair().fill(['accounts', 'photos'], { files: 10, bytes: 50_000 });
    const said = { by: 'ann', why: 'for the record' };
    const id = await pair.start({ approval: 'ask', bandwidth: 300_000 });
    await pair.until(id, 'waiting for approval');
    await lab.operator.decide(id, { ...said, approved: true });
    await eventually(() => pair.stored().length > 0);
    await lab.operator.pause(id, said);
    await pair.until(id, 'paused');
    await lab.operator.resume(id, said);
    await lab.operator.tune(id, 'ann', { bandwidth: 0 });
    await pair.until(id, 'held');
    pair.mend();
    await lab.operator.retry(id, said);
    await pair.until(id, 'ended');
    const client = lab.operator.client.workflow;
    const run = await client.getHandle(id).fetchHistory();
    const child = run.events?.find((event) => event.startChildWorkflowExecutionInitiatedEventAttributes);
    const childId = child!.startChildWorkflowExecutionInitiatedEventAttributes!.workflowId!;
    const histories = {
      ingestVfs: run,
      sendPass: await client.getHandle(childId).fetchHistory(),
      lease: await client.getHandle(`lease/${pair.to}`).fetchHistory(),
    };
    await keep(histories);
  } finally {
    await lab.close();
  }
}, 120_000);

test('a run that was stopped and undone replays', async () => {
  const lab = await Laboratory.open();
  try {
    const pair = lab.pair().fill(['accounts']);
    const id = await pair.start({ bandwidth: 100_000 });
    await eventually(() => pair.stored().length > 0);
    await lab.operator.cancel(id, { by: 'ann', why: 'for the record' });
    await pair.until(id, 'ended');
    await keep({ ingestVfsUndone: await lab.operator.client.workflow.getHandle(id).fetchHistory() });
  } finally {
    await lab.close();
  }
}, 120_000);

test('an object that was resized after a yes, and one that was only forecast, replay', async () => {
  const lab = await Laboratory.open({ objects: (root, tag) => ({ [`orders-${tag}`]: resizable(root) }) });
  try {
    const object = `orders-${lab.tag}`;
    const { id } = await lab.operator.start('provision-object', { object }, 'ann');
    await lab.until(id, 'waiting for approval');
    await lab.operator.decide(id, { approved: true, by: 'ann', why: 'for the record' });
    await lab.until(id, 'ended');
    const { id: other } = await lab.operator.start('forecast-object', { object }, 'ann');
    await lab.until(other, 'ended');
    const client = lab.operator.client.workflow;
    await keep({
      provisionObject: await client.getHandle(id).fetchHistory(),
      forecastObject: await client.getHandle(other).fetchHistory(),
    });
  } finally {
    await lab.close();
  }
}, 120_000);

needs(...failoverNeeds)(
  'runs that saw to an endpoint and to a pair of proxies replay',
  async () => {
    const endings = new Endings();
    try {
      const scene = await FailoverScene.open(endings, { proxies: true });
      await scene.guard();
      await scene.operator.start('guard-proxies', { pair: pairOfLab, wellSeconds: 1 }, 'ann');
      const last = async (id: string) => (await scene.operator.show(id)).steps.at(-1)?.what ?? '';
      await eventually(async () => (await last(`guard-proxies/${pairOfLab}`)).startsWith('Listen'), {
        timeoutMs: 40_000,
      });
      scene.site.faults.killDatabase('p1');
      await scene.ended('fail-over-endpoint');
      await scene.start('rejoin-standby', { member: 'p1' });
      await scene.ended('rejoin-standby');
      await scene.start('switch-over-endpoint');
      await scene.ended('switch-over-endpoint');
      const proxyRun = `fail-over-proxy/${pairOfLab}`;
      const { runId } = await scene.operator.show(proxyRun);
      scene.site.faults.killProxy('n1');
      const seenTo = async () => {
        const run = await scene.operator.show(proxyRun);
        return run.runId !== runId && run.endedAt !== undefined;
      };
      await eventually(seenTo, { timeoutMs: 40_000 });
      const client = scene.operator.client.workflow;
      const kept = runbooksOnLinux.map(async (name) => {
        const target = name.endsWith('Proxies') || name.endsWith('Proxy') ? pairOfLab : endpointOfLab;
        return [name, await client.getHandle(`${kebab(name)}/${target}`).fetchHistory()] as const;
      });
      await keep(Object.fromEntries(await Promise.all(kept)));
    } finally {
      await endings.close();
    }
  },
  150_000,
);

/** An object whose size is a file, and which asks before it is resized. */
function resizable(root: string): object {
  const [file, size] = [join(root, 'orders.csv'), join(root, 'orders.size')];
  writeLoad(file, daily, Date.now(), 3);
  writeFileSync(size, '3');
  const script = "require('fs').writeFileSync(process.argv[1], process.argv[2])";
  return {
    ...{ host: 'new-1', min: 1, max: 40, capacity: 25, autonomy: 'ask' },
    series: { from: 'csv', file },
    resize: { by: 'exec', set: [process.execPath, '-e', script, size, '{size}'], read: ['cat', size] },
  };
}

async function keep(histories: Record<string, History>): Promise<void> {
  for (const [name, history] of Object.entries(histories)) {
    await replay(history);
    if (recording) writeFileSync(join(__dirname, `${name}.history`), History.encode(anonymous(history)).finish());
  }
}

/** Who recorded it, and on which machine, is nobody's business. */
function anonymous(history: History): History {
  const scrub = (value: unknown): void => {
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return;
    for (const [key, each] of Object.entries(value)) {
      const told = { identity: 'recorder', stackTrace: '' }[key];
      if (told !== undefined && typeof each === 'string') (value as Record<string, unknown>)[key] = told;
      else scrub(each);
    }
  };
  scrub(history.events);
  return history;
}
