import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { stringify } from 'yaml';
import type { Operator } from '../api/operator';
import type { RunView } from '../api/views';
import { counted } from '../contract/amounts';
import type { Output, Report } from '../contract/runbooks';
import { startStack, type Stack } from '../stack/embedded';
import { freePort } from '../stack/ports';
import { statusPage } from '../stack/stackState';
import { keepMeasuring, shop, walk, writeHistory, type Shape } from './demoLoads';
import { exitCodes } from './exitCodes';
import { heedInterrupts } from './heedInterrupts';
import { paintFor, printLine } from './print';
import { changeTable } from './scheduleFleet';
import { whoTypes } from './session';

type Result = Output<'provisionObject'>;
type Say = (line: string) => void;

/** What each of the two objects has before anybody looks at it: too little. */
const sizeBefore = 2;
/** Both have long been looked at by then. */
const patienceMs = 75_000;
const lookEveryMs = 250;

/** Two loads under schedules, until one was resized and the other refused. Answers with the exit status. */
export async function demoForecast({ stay = false }: { stay?: boolean }): Promise<number> {
  const say: Say = (line) => void process.stderr.write(`${line}\n`);
  const { folder, fleet, shapes } = await furnished();
  const stateDir = join(folder, 'state');
  const interrupted = heedInterrupts();
  const stopMeasuring = keepMeasuring(shapes);
  let status: number = exitCodes.failed.code;
  try {
    say(
      'Two weeks of two loads are written to csv files, which grow. Starting Temporal, a worker, the API and an agent …',
    );
    const stack = await startStack({ fleet, stateDir, say });
    try {
      if (interrupted()) return (status = exitCodes.left.code);
      Object.assign(process.env, { TEMPORAL_ADDRESS: stack.state.temporal, EVENKEEL_STATE: stateDir });
      if (stack.state.webUi) process.env['EVENKEEL_TEMPORAL_UI'] = stack.state.webUi;
      const webUi = stack.state.webUi && `   Temporal Web UI: ${stack.state.webUi}`;
      const links = `Status page: ${statusPage(stack.state, stateDir)}${webUi}`;
      say(links);
      status = await perform(stack, folder, interrupted, async () => {
        if (!stay) return;
        say(`\nIt goes on until Ctrl-C. ${links}`);
        while (!interrupted()) await pause(lookEveryMs);
      });
    } finally {
      await stack.stop();
    }
  } finally {
    stopMeasuring();
    if (status === exitCodes.failed.code) say(`The logs are in ${join(stateDir, 'logs')}.`);
    else rmSync(folder, { recursive: true, force: true });
  }
  return status;
}

/** A fleet file, two weeks of both loads, and sizes that are too small, in a folder of the demo alone. */
async function furnished(): Promise<{ folder: string; fleet: string; shapes: Map<string, Shape> }> {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-demo-'));
  const fleet = join(folder, 'fleet.yaml');
  const now = Date.now();
  const shapes = new Map<string, Shape>([
    [join(folder, 'shop.csv'), shop(now)],
    [join(folder, 'batch.csv'), walk],
  ]);
  for (const [file, shape] of shapes) writeHistory(file, shape, now);
  for (const object of ['shop', 'batch']) writeFileSync(sizeFile(folder, object), `${sizeBefore}`);
  writeFileSync(fleet, stringify(await fleetOf(folder)));
  return { folder, fleet, shapes };
}

async function perform(
  stack: Stack,
  folder: string,
  interrupted: () => boolean,
  linger: () => Promise<void>,
): Promise<number> {
  const { connectOperator } = await import('../api/operator.js');
  const { scheduleObjects } = await import('../api/scheduleObjects.js');
  const operator = await connectOperator({ waitMs: 10_000 });
  try {
    const changes = await scheduleObjects(operator.client, stack.fleet, { by: whoTypes() });
    printLine(
      `\nSchedules, as \`evenkeel schedule apply\` makes them:\n${changeTable(changes, paintFor(process.stdout))}`,
    );
    try {
      const status = await watched(operator, folder, interrupted);
      await linger();
      return status;
    } finally {
      await scheduleObjects(operator.client, { ...stack.fleet, objects: {} }, { by: whoTypes() });
    }
  } finally {
    await operator.close();
  }
}

async function watched(operator: Operator, folder: string, interrupted: () => boolean): Promise<number> {
  const seen = await untilSeen(operator, interrupted);
  if (interrupted()) return exitCodes.left.code;
  const { forecastObject } = await import('./forecastObject.js');
  for (const object of ['shop', 'batch']) {
    printLine('');
    await forecastObject(object, { fleet: join(folder, 'fleet.yaml') });
  }
  const batch = await results(operator, 'batch');
  const paint = paintFor(process.stdout);
  printLine('');
  const size = readFileSync(sizeFile(folder, 'shop'), 'utf8');
  const resized = seen.shop !== undefined && Number(size) !== sizeBefore;
  const refused = batch.length > 0 && batch.every(({ result }) => result.rule === 'reactive');
  if (seen.shop)
    printLine(
      `${resized ? paint.green('✔') : paint.red('✘')} shop was resized ahead of its load: its file said ${sizeBefore} and says ${size} (${seen.shop.result.reason})`,
    );
  else printLine(`${paint.red('✘')} shop was not resized within ${patienceMs / 1000} s.`);
  const last = batch.at(0);
  printLine(
    last
      ? `${refused ? paint.green('✔') : paint.red('✘')} batch was not acted on by a forecast in ${counted(batch.length, 'run')}: ${last.result.reason}`
      : `${paint.red('✘')} no run of batch has ended.`,
  );
  const link = seen.shop && operator.webUi(seen.shop.run);
  if (link) printLine(`The run that resized it: ${link}`);
  return resized && refused ? exitCodes.done.code : exitCodes.failed.code;
}

interface Ended {
  run: RunView;
  result: Result;
}

const acted = ({ result }: Ended): boolean => result.resized === true && result.rule === 'predictive';

/** Waits for the run that resized the shop, and for any that looked at the batch. */
async function untilSeen(operator: Operator, interrupted: () => boolean): Promise<{ shop?: Ended; batch?: Ended }> {
  for (const deadline = Date.now() + patienceMs; Date.now() < deadline && !interrupted(); await pause(lookEveryMs)) {
    const shopRun = (await results(operator, 'shop')).find(acted);
    const [batch] = shopRun ? await results(operator, 'batch') : [];
    if (shopRun && batch) return { shop: shopRun, batch };
  }
  return {};
}

/** What the runs on an object found that have ended well, the newest first. */
async function results(operator: Operator, target: string): Promise<Ended[]> {
  const runs = await operator.list({ all: true, target, phase: 'done' });
  const shown = await Promise.all(runs.map(({ id }) => operator.show(id)));
  return shown.flatMap((run) => {
    const { result } = (run.report ?? {}) as Partial<Report<Result>>;
    return result ? [{ run, result }] : [];
  });
}

const sizeFile = (folder: string, object: string): string => join(folder, `${object}.size`);

/** Two objects whose size is a number in a file, looked at every few seconds. */
async function fleetOf(folder: string): Promise<object> {
  const write = "require('fs').writeFileSync(process.argv[1], process.argv[2])";
  const object = (name: string) => ({
    host: 'here',
    series: { from: 'csv', file: join(folder, `${name}.csv`) },
    ...{ step: '1min', lead: '2min', hold: '2min', min: 1, max: 30, capacity: 25, autonomy: 'act' },
    resize: {
      by: 'exec',
      set: [process.execPath, '-e', write, sizeFile(folder, name), '{size}'],
      read: ['cat', sizeFile(folder, name)],
    },
    schedule: { every: '5s', jitter: '1s', catchUp: '10s' },
  });
  return {
    fleet: 'demo-forecast',
    hosts: { here: { agent: `http://127.0.0.1:${await freePort(7420)}`, roots: [folder] } },
    objects: { shop: object('shop'), batch: object('batch') },
  };
}
