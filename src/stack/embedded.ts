import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Refusal } from '../contract/errors';
import type { Fleet } from '../contract/fleet';
import { loadFleet, type Problem } from '../fleet/load';
import { build } from './build';
import { isRunning, signal, type Identity } from '../services/processes';
import { startChild, stopChild } from './children';
import { logOf, partsOf, type Part } from './parts';
import { accepts, freePort, untilFree, usualPort } from './ports';
import { aloneIn, readStack, writeStack, type StackState } from './stackState';
import { startTemporal } from './temporal';

const DEFAULT_API_PORT = 7400;
const READY_MS = 60_000;

export interface StackOptions {
  /** Fleet file; the usual places when left out. */
  fleet?: string;
  stateDir: string;
  say?: (line: string) => void;
}

/** The embedded stack: it lives in the background and outlives who started it. Parts are `temporal`, `worker`, `api`, `agent-<host>`. */
export interface Stack {
  state: StackState;
  fleet: Fleet;
  /** What the fleet file should say better. */
  warnings: Problem[];
  /** Starts a part that has ended, and returns when it does its work. */
  restart(name: string): Promise<void>;
  /** Signals one part: `kill('worker', 'SIGKILL')`. Returns when it has ended, for the signals that end it. */
  kill(name: string, how: NodeJS.Signals): Promise<void>;
  /** Ends everything, in an order in which nobody misses anybody. */
  stop(): Promise<void>;
}

/** Starts what does not run yet: asked twice, it does it once. */
export function startStack(options: StackOptions): Promise<Stack> {
  return aloneIn(options.stateDir, async () => {
    const started: Identity[] = [];
    try {
      return await raise(options, started);
    } catch (error) {
      await settled(started.map((part) => stopChild(part)));
      throw error;
    }
  });
}

/** Puts what it starts into `started`: half a stack is of no use to anybody. */
async function raise(
  { fleet: given, stateDir, say = console.error }: StackOptions,
  started: Identity[],
): Promise<Stack> {
  const { file, fleet, warnings } = loadFleet(given);
  const before = readStack(stateDir);
  if (before && before.fleet !== file && someRun(before)) {
    throw new Refusal('OtherFleet', { running: before.fleet, given: file });
  }
  const state: StackState = { temporal: '', webUi: '', api: '', parts: {}, ...before, fleet: file };
  const save = (name: string, { pid, started: since }: Identity) => {
    state.parts[name] = { pid, started: since, build: build() };
    started.push(state.parts[name]);
    writeStack(stateDir, state);
  };
  await raiseTemporal(state, stateDir, save, say);
  if (before?.temporal && before.temporal !== state.temporal)
    await settled(['worker', 'api'].map((name) => ended(state, name)));
  const apiPort = isUp(state, 'api')
    ? portOf(state.api)
    : await freePort(state.api ? portOf(state.api) : usualPort(DEFAULT_API_PORT));
  state.api = `http://127.0.0.1:${apiPort}`;
  const parts = partsOf({ fleet, fleetFile: file, stateDir, temporal: state.temporal, webUi: state.webUi, apiPort });
  const start = async (part: Part) => save(part.name, await raisePart(part));
  await settled(parts.filter(({ name }) => !isUp(state, name)).map(start));
  writeStack(stateDir, state);
  return {
    state,
    fleet,
    warnings,
    async restart(name) {
      if (isUp(state, name)) return;
      if (name === 'temporal') await raiseTemporal(state, stateDir, save, say);
      else await start(partNamed(parts, name));
    },
    async kill(name, how) {
      const part = state.parts[name];
      if (!part || !signal(part, how)) throw new Refusal('NotRunning', { what: name });
      if (how === 'SIGKILL' || how === 'SIGTERM') await untilGone(name, part);
    },
    stop: async () => void (await stopStack(stateDir, say)),
  };
}

/** Ends what `startStack` started here; says of each part how it ended. False when nothing was to be ended. */
export async function stopStack(stateDir: string, say: (line: string) => void = console.error): Promise<boolean> {
  const state = readStack(stateDir);
  const running = Object.entries(state?.parts ?? {}).filter(([, part]) => isRunning(part));
  const end = async ([name, part]: [string, Identity]) => {
    const how = await stopChild(part);
    if (how !== 'gone') say(`${name} (${part.pid}) ${how === 'SIGKILL' ? 'did not stop, and was killed' : 'stopped'}`);
  };
  // Temporal last: a worker that stops tells it what it lets go of.
  await settled(running.filter(([name]) => name !== 'temporal').map(end));
  await settled(running.filter(([name]) => name === 'temporal').map(end));
  return running.length > 0;
}

/** Whoever was told the address of a Temporal that is now elsewhere. */
const ended = async ({ parts }: StackState, name: string) => parts[name] && stopChild(parts[name]);

/** A server of the user's own is used as it is; ours keeps its state on disk and comes back at the same address. */
async function raiseTemporal(
  state: StackState,
  stateDir: string,
  save: (name: string, child: Identity) => void,
  say: (line: string) => void,
): Promise<void> {
  const given = process.env['TEMPORAL_ADDRESS'];
  if (given) {
    [state.temporal, state.webUi] = [given, process.env['EVENKEEL_TEMPORAL_UI'] ?? ''];
    return;
  }
  if (isUp(state, 'temporal')) return;
  if (state.temporal) await untilFree(portOf(`http://${state.temporal}`));
  if (state.webUi) await untilFree(portOf(state.webUi));
  const { address, uiUrl, child } = await startTemporal({
    dbFile: join(stateDir, 'temporal.db'),
    logFile: logOf(stateDir, 'temporal'),
    say,
    ...(state.temporal && { port: portOf(`http://${state.temporal}`) }),
    ...(state.webUi && { uiPort: portOf(state.webUi) }),
  });
  [state.temporal, state.webUi] = [address, uiUrl];
  save('temporal', child);
}

async function raisePart({ name, command, env, logFile, readyWhen }: Part): Promise<Identity> {
  if ('listens' in readyWhen) await untilFree(readyWhen.listens.port);
  if ('listens' in readyWhen && (await accepts(readyWhen.listens))) {
    throw new Refusal('PortTaken', { what: name, port: readyWhen.listens.port });
  }
  const child = await startChild({ name, command, env, logFile });
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await pause(50)) {
    if (child.exited()) throw new Refusal('NotStarted', { what: name, why: child.lastWords(), log: logFile });
    const isReady = 'says' in readyWhen ? child.said().includes(readyWhen.says) : await accepts(readyWhen.listens);
    if (isReady) return child;
  }
  await stopChild(child);
  throw new Refusal('NotStarted', { what: name, why: `it was not ready after ${READY_MS / 1000} s`, log: logFile });
}

async function untilGone(name: string, part: Identity): Promise<void> {
  for (const deadline = Date.now() + READY_MS; Date.now() < deadline; await pause(10)) {
    if (!isRunning(part)) return;
  }
  throw new Error(`${name} (${part.pid}) is still there`);
}

function partNamed(parts: Part[], name: string): Part {
  const part = parts.find((each) => each.name === name);
  if (!part) throw new Refusal('NotRunning', { what: name });
  return part;
}

const isUp = ({ parts }: StackState, name: string): boolean => parts[name] !== undefined && isRunning(parts[name]);
export const someRun = ({ parts }: StackState): boolean => Object.values(parts).some(isRunning);
const portOf = (url: string): number => Number(new URL(url).port);

/** Waits for all, then throws the first failure: nothing goes on unseen behind an error. */
async function settled(works: Promise<unknown>[]): Promise<void> {
  const failed = (await Promise.allSettled(works)).find(({ status }) => status === 'rejected');
  if (failed) throw (failed as PromiseRejectedResult).reason;
}
