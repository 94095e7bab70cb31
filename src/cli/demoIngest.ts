import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  realpathSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { Operator } from '../api/operator';
import type { RunEvent } from '../api/views';
import { shareOf } from '../contract/amounts';
import { Refusal } from '../contract/errors';
import type { Output, Report } from '../contract/runbooks';
import { bytesToName } from '../services/mover/names';
import { startStack, type Stack } from '../stack/embedded';
import { loopbackFleet, type OldFsvm } from '../stack/loopbackFleet';
import { statusPage } from '../stack/stackState';
import { exitCodes } from './exitCodes';
import { follow } from './follow';
import { heedInterrupts } from './heedInterrupts';
import { printLine } from './print';
import { whoTypes } from './session';

export interface DemoIngestOptions {
  from: string;
  to?: string;
  json?: boolean;
  break?: boolean;
  keep?: boolean;
}

/** Old and new FSVMs of the demo, each on an agent of its own. */
const fsvmsPerSide = 2;
/** A held step is tried again this often, then all is undone. */
const mostRetries = 3;
/** The worker is killed when this share of the bytes has arrived. */
const breakAt = 0.2;

/** An ingestion of a real tree, from the first process to the report. Answers with the exit status: 0 only if all is verified. */
export async function demoIngest(options: DemoIngestOptions): Promise<number> {
  const say = (line: string) => void process.stderr.write(`${line}\n`);
  const from = sourceOf(options.from);
  const given = options.to === undefined ? undefined : targetOf(options.to, from);
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-demo-'));
  const to = given ?? targetOf(join(folder, 'files2'), from);
  const fleet = join(folder, 'fleet.yaml');
  writeFileSync(fleet, stringify(await loopbackFleet('demo', dealtOut(from), to)));
  const interrupted = heedInterrupts();
  say(`Starting Temporal, a worker, the API and ${2 * fsvmsPerSide} agents on loopback …`);
  const stack = await startStack({ fleet, stateDir: join(folder, 'state'), say });
  let status = 1;
  try {
    if (interrupted()) return exitCodes.left.code;
    if (stack.state.webUi)
      say(`Temporal Web UI: ${stack.state.webUi}   Status page: ${statusPage(stack.state, join(folder, 'state'))}`);
    status = await ingest(stack, options);
  } finally {
    if (options.keep && status === 0) leaveRunning(folder, stack, say);
    else {
      await stack.stop();
      cleanUp(folder, status, say);
    }
  }
  return status;
}

async function ingest(stack: Stack, { json, ...options }: DemoIngestOptions): Promise<number> {
  process.env['TEMPORAL_ADDRESS'] = stack.state.temporal;
  if (stack.state.webUi) process.env['EVENKEEL_TEMPORAL_UI'] = stack.state.webUi;
  const { connectOperator } = await import('../api/operator.js');
  const operator = await connectOperator({ waitMs: 10_000 });
  try {
    const { id } = await operator.start('ingest-vfs', { from: 'legacy', to: 'files2' }, whoTypes());
    const breaking = new Breaking(stack);
    const attending = new Attending(operator, id);
    const followed = await follow(operator, id, {
      wait: true,
      leaveWord: 'Stopped.',
      ...(json && { json }),
      aside: (event, tell) => {
        attending.see(event, tell);
        if (options.break) breaking.see(event, tell);
      },
    });
    await Promise.all([breaking.over(), attending.over()]);
    return followed === 0 ? await verified(operator, id, json === true) : followed;
  } finally {
    await operator.close();
  }
}

/** The source of a demo is in use, and may change in the very moment of the cutover: then its step is tried again. */
class Attending {
  private retries = 0;
  private answered: Promise<unknown> = Promise.resolve();

  constructor(
    private readonly operator: Operator,
    private readonly id: string,
  ) {}

  see(event: RunEvent, tell: (line: string) => void): void {
    if (event.type !== 'phase' || event.phase !== 'held') return;
    const said = { by: 'the demo', why: `try ${++this.retries}` };
    const retry = this.retries <= mostRetries;
    tell(retry ? '↻ the demo tries that step again' : '↶ the demo gives up and has it undone');
    this.answered = this.answered.then(() =>
      retry ? this.operator.retry(this.id, said) : this.operator.answer(this.id, { do: 'undo', ...said }),
    );
  }

  async over(): Promise<void> {
    await this.answered;
  }
}

/** Kills the worker once, in the middle, and starts another. */
class Breaking {
  private begun: Promise<void> | undefined;

  constructor(private readonly stack: Stack) {}

  see(event: RunEvent, tell: (line: string) => void): void {
    if (this.begun || event.type !== 'progress') return;
    const { done, total } = event.progress;
    if ((shareOf(done, total) ?? 0) < breakAt) return;
    tell(
      `✂ kill -9 of the worker (process ${this.stack.state.parts['worker']?.pid}) in the middle; the agents go on with their jobs`,
    );
    this.begun = this.replaceWorker(tell);
  }

  async over(): Promise<void> {
    await this.begun;
  }

  private async replaceWorker(tell: (line: string) => void): Promise<void> {
    await this.stack.kill('worker', 'SIGKILL');
    await this.stack.restart('worker');
    tell(`✚ another worker (process ${this.stack.state.parts['worker']?.pid}) attaches to the running jobs`);
  }
}

/** A run that ended well has verified every item; this says it from its report, and is the exit status. */
async function verified(operator: Operator, id: string, quiet: boolean): Promise<number> {
  const { report } = await operator.show(id);
  const result = (report as Report<Output<'ingestVfs'>> | undefined)?.result;
  if (!result || result.verifiedItems !== result.items) return 1;
  const but =
    result.failedFiles > 0 ? `, but for ${result.failedFiles} paths that could not be sent, listed above` : '';
  if (!quiet) printLine(`All ${result.items} storage items are verified${but}.`);
  return 0;
}

/** What is only read. */
function sourceOf(given: string): string {
  if (!existsSync(given) || !statSync(given).isDirectory())
    throw new Refusal('BadInput', { what: `--from ${given} is not a directory` });
  const from = realpathSync(given);
  if (readdirSync(from).length === 0) throw new Refusal('NothingToDo', { what: from });
  return from;
}

/** An empty directory outside the source: the demo overwrites nothing. */
function targetOf(given: string, from: string): string {
  const to = resolve(given);
  mkdirSync(to, { recursive: true });
  const real = realpathSync(to);
  if (readdirSync(real).length > 0)
    throw new Refusal('BadInput', {
      what: `--to ${given} is not empty, and the demo overwrites nothing: name an empty or new directory`,
    });
  if (`${real}/`.startsWith(`${from}/`))
    throw new Refusal('BadInput', { what: `--to ${given} lies inside --from ${from}` });
  return real;
}

/** The entries of the source, dealt out to the existing FSVMs in turn. */
function dealtOut(from: string): OldFsvm[] {
  const names = readdirSync(from, { encoding: 'buffer' }).map(bytesToName).toSorted();
  return Array.from({ length: fsvmsPerSide }, (_, ordinal) => ({
    root: from,
    items: names.filter((_name, index) => index % fsvmsPerSide === ordinal),
  }));
}

/** A copy in a temporary directory goes; after a failure the logs stay, and are named. */
function cleanUp(folder: string, status: number, say: (line: string) => void): void {
  say('Removing the temporary files …');
  if (status === 0 || status === exitCodes.left.code) return rmSync(folder, { recursive: true, force: true });
  rmSync(join(folder, 'files2'), { recursive: true, force: true });
  say(`The logs are in ${join(folder, 'state', 'logs')}.`);
}

function leaveRunning(folder: string, stack: Stack, say: (line: string) => void): void {
  say(
    `Left running: ${stack.state.api} and ${stack.state.webUi}. Stop it with: EVENKEEL_STATE=${join(folder, 'state')} npx evenkeel down`,
  );
}
