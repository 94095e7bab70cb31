import { closeSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { CopyInput } from '../../contract/capabilities/copy';
import type { Lease } from '../../contract/operations';
import { fromFailed, toFailed } from './failed';
import { Bucket } from './bucket';
import { CatalogStore } from './catalog';
import { digest, type DigestInput } from './digest';
import { discard, failuresOf, forget, type DiscardInput, type FailuresInput, type ForgetInput } from './tidy';
import { Door } from './door';
import { Journal } from './journal';
import { loadHash } from './hash';
import type { FromMover, MoverConfig, ToMover } from './protocol';
import { send, type Job, type SendInput, type Sender } from './send';
import { list, survey, type SurveyInput } from './survey';
import { LOCK, flock, umask } from './sys';
import { dial } from './trust';

/**
 * The mover: the one child process of an agent that reads and writes storage items. It lives as long as its agent's IPC channel;
 * what it knows is on disk, so it may be killed at any moment.
 */
const LOCK_WITHIN_MS = 30_000;

/** An agent that is gone hears nothing; `disconnect` follows, and ends us. */
const say = (message: FromMover): void => void process.send?.(message, undefined, undefined, () => undefined);
const running = new Map<number, AbortController>();
const asked = new Map<number, (answer: Extract<ToMover, { there: number }>) => void>();
const holding = new Map<number, { answer(failed: Error | undefined): void; newerCame(): void }>();
let questions = 0;

process.once('disconnect', () => process.exit(0));
process.on('message', (message: ToMover) => {
  if ('start' in message) void start(message.start).catch(stop);
  else if ('cancel' in message) running.get(message.cancel)?.abort();
  else if ('there' in message) {
    asked.get(message.there)?.(message);
    asked.delete(message.there);
  } else if ('held' in message) {
    holding.get(message.held)?.answer(message.failed === undefined ? undefined : fromFailed(message.failed));
  } else if ('yield' in message) {
    holding.get(message.yield)?.newerCame();
  }
});

function stop(error: unknown): void {
  say({ log: 'the mover cannot go on', facts: { why: String(error) } });
  process.exit(1);
}

async function start(config: MoverConfig): Promise<void> {
  umask(0);
  mkdirSync(config.stateDir, { recursive: true, mode: 0o700 });
  await lockState(config.stateDir);
  await loadHash();
  const log = (event: string, facts?: { [key: string]: unknown }) => say({ log: event, facts });
  const door = await Door.open({ config, log, hold, broken: stop });
  const sender: Sender = {
    name: config.name,
    roots: config.roots,
    stateDir: config.stateDir,
    token: config.trust.token,
    catalogs: new CatalogStore(config.stateDir),
    bucket: new Bucket(),
    journal: new Journal(log),
    marks: new Map(),
    quiet: (lease) => door.quiet(lease),
    alone: (what, act) => door.alone(what, act),
    dial: async (host) => {
      const { address, port } = await whereIs(host);
      return dial({ host, address, port }, config.trust, 5_000);
    },
  };
  sender.bucket.set(sender.catalogs.bound);
  process.on('message', (message: ToMover) => {
    if ('call' in message) void serve(sender, door.port, message);
  });
  say({ ready: true });
}

/** Two movers of one host never work at once: the old one may still be ending. */
async function lockState(stateDir: string): Promise<void> {
  const fd = openSync(join(stateDir, 'lock'), 'w');
  for (const until = performance.now() + LOCK_WITHIN_MS; flock(fd, LOCK.EX | LOCK.NB) < 0; await wait(20)) {
    if (performance.now() < until) continue;
    closeSync(fd);
    throw new Error('another mover holds the state directory');
  }
}

function whereIs(host: string): Promise<{ address: string; port: number }> {
  const question = ++questions;
  return new Promise((resolve, reject) => {
    asked.set(question, ({ address, port, failed }) => {
      if (address !== undefined && port !== undefined) resolve({ address, port });
      else reject(fromFailed(failed ?? { message: 'no answer' }));
    });
    say({ where: question, host });
  });
}

/** The agent refuses a lease that is older than what it has seen, and ends older work first. */
function hold(lease: Lease, newerCame: () => void): Promise<{ release(): void }> {
  const question = ++questions;
  const release = () => {
    holding.delete(question);
    say({ release: question });
  };
  return new Promise((resolve, reject) => {
    const answer = (failed: Error | undefined) => {
      if (failed === undefined) return resolve({ release });
      holding.delete(question);
      reject(failed);
    };
    holding.set(question, { answer, newerCame });
    say({ hold: question, lease });
  });
}

async function serve(
  sender: Sender,
  port: number,
  { call, operation, input, job: id }: Extract<ToMover, { call: number }>,
): Promise<void> {
  const stopper = new AbortController();
  running.set(call, stopper);
  const job: Job = { id: id ?? '', signal: stopper.signal, report: (value) => say({ progress: call, value }) };
  try {
    say({ done: call, output: await operate(sender, port, operation, input, job) });
  } catch (error) {
    say({ done: call, failed: toFailed(error, sender.name) });
  } finally {
    running.delete(call);
  }
}

function operate(sender: Sender, port: number, operation: string, input: unknown, job: Job): Promise<unknown> | object {
  switch (operation) {
    case 'door':
      return { port };
    case 'send':
      return send(sender, input as SendInput, job);
    case 'digest':
      return digest(sender, input as DigestInput, job);
    case 'survey':
      return survey(sender, input as SurveyInput, job);
    case 'list':
      return list(sender, input as Parameters<typeof list>[1]);
    case 'discard':
      return discard(sender, input as DiscardInput, job);
    case 'forget':
      return forget(sender, input as ForgetInput);
    case 'failures':
      return failuresOf(sender, input as FailuresInput);
    case 'limit': {
      const { bytesPerSecond, lease } = input as CopyInput<'limit'>;
      sender.catalogs.setBound(lease.target, bytesPerSecond);
      const { bound } = sender.catalogs;
      sender.bucket.set(bound);
      return { bytesPerSecond: bound };
    }
    default:
      throw new Error(`the mover has no operation ${operation}`);
  }
}
