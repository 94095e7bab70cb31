import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Command } from 'commander';
import { Refusal } from '../contract/errors';
import { laboratoryFleet, laboratoryHosts, laboratoryPort, makeLaboratory } from '../fleet/example';
import { findFleetFile, sentence } from '../fleet/load';
import { isRunning } from '../services/processes';
import { startStack, stopStack, type Stack } from '../stack/embedded';
import { stateDir } from '../stack/places';
import { freePort } from '../stack/ports';
import { aloneIn, readStack, removeStack, statusPage } from '../stack/stackState';
import { paintFor, printJson, printLine, table } from './print';

interface Up {
  fleet?: string;
  foreground?: boolean;
  json?: boolean;
}

const watchEveryMs = 1_000;
const longestWaitMs = 60_000;

export function addUp(parent: Command): void {
  parent
    .command('up')
    .description(
      'Start Temporal, a worker, the API, and the agents of the hosts that are this machine, in the background. What runs is left as it is.',
    )
    .option('--fleet <file>', 'fleet file; without one a laboratory on this machine')
    .option('--foreground', 'stay, start again what ends, and stop everything on Ctrl-C')
    .option('--json', 'what runs where, as one JSON document')
    .action(async (options: Up) => {
      const stack = await startStack({
        stateDir: stateDir(),
        fleet: fleetOrLaboratory(options.fleet, await laboratoryPorts()),
      });
      if (options.json) printJson(stack.state);
      else printLine(shown(stack));
      if (options.foreground) await stay(stack);
    });
}

export function addDown(parent: Command): void {
  parent
    .command('down')
    .description('Stop what `evenkeel up` started here. Runs go on where they were after the next `up`.')
    .option('--wipe', 'forget everything: runs, journals, logs, tokens. File servers are not touched.')
    .action(async ({ wipe }: { wipe?: boolean }) => {
      const folder = stateDir();
      if (!existsSync(folder)) return printLine('Nothing was started here.');
      await aloneIn(folder, async () => {
        if (!(await stopStack(folder, printLine))) printLine('Nothing runs here.');
        if (wipe) forget(folder);
      });
    });
}

/** Without any fleet file there is still something to look at: four hosts that are all this machine. */
function fleetOrLaboratory(given: string | undefined, ports: number[]): string {
  try {
    return findFleetFile(given);
  } catch (error) {
    if (!(error instanceof Refusal) || given !== undefined || process.env['EVENKEEL_FLEET']) throw error;
    const [file, folder] = [join(stateDir(), 'fleet.yaml'), join(stateDir(), 'laboratory')];
    mkdirSync(stateDir(), { recursive: true, mode: 0o700 });
    makeLaboratory(folder);
    writeFileSync(file, laboratoryFleet({ folder, ports }));
    printLine(`No fleet.yaml here: made a laboratory, ${file}`);
    return file;
  }
}

export const laboratoryPorts = (): Promise<number[]> =>
  Promise.all(laboratoryHosts.map((_, index) => freePort(laboratoryPort + index)));

function shown({ state, fleet, warnings }: Stack): string {
  const paint = paintFor(process.stdout);
  const parts = Object.entries(state.parts).map(([name, { pid }]) => [name, String(pid)]);
  const [from, to] = Object.keys(fleet.fileServers);
  const next = [
    'npx evenkeel fleet check --online',
    ...(from && to ? [`npx evenkeel run ingest-vfs --from ${from} --to ${to} --dry-run`] : []),
    'npx evenkeel down',
  ];
  return [
    ...warnings.map((warning) => paint.yellow(`warning: ${sentence(warning)}`)),
    table(['PART', 'PID'], parts, paint),
    '',
    `Temporal     ${state.temporal}`,
    ...(state.webUi ? [`Web UI       ${state.webUi}`] : []),
    `Status page  ${statusPage(state, stateDir())}`,
    `Logs         ${join(stateDir(), 'logs')}`,
    '',
    'Next:',
    ...next.map((line) => `  ${line}`),
  ].join('\n');
}

/** Starts again what ends, each time after a longer wait, until somebody says stop. */
async function stay(stack: Stack): Promise<void> {
  const stopped = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stopped.abort());
  const waits = new Map<string, { until: number; ms: number }>();
  while (!stopped.signal.aborted) {
    for (const name of Object.entries(stack.state.parts)
      .filter(([, part]) => !isRunning(part))
      .map(([each]) => each)) {
      const wait = waits.get(name) ?? { until: 0, ms: watchEveryMs };
      if (Date.now() < wait.until) continue;
      waits.set(name, { until: Date.now() + wait.ms, ms: Math.min(wait.ms * 2, longestWaitMs) });
      printLine(`${name} ended; starting it again`);
      await stack.restart(name).catch((error: Error) => printLine(error.message));
    }
    await pause(watchEveryMs, undefined, { signal: stopped.signal }).catch(() => undefined);
  }
  await stack.stop();
}

/** Only what `up` made; a laboratory in the state directory stays, since somebody may have put files into it. */
function forget(folder: string): void {
  removeStack(folder);
  const ours = ['agents', 'logs', 'tokens.json', 'temporal.db', 'temporal.db-shm', 'temporal.db-wal'];
  for (const name of ours) rmSync(join(folder, name), { recursive: true, force: true });
  printLine(`Forgot what was in ${folder}`);
}

export const runningParts = (folder: string): string[] =>
  Object.entries(readStack(folder)?.parts ?? {})
    .filter(([, part]) => isRunning(part))
    .map(([name]) => name);
