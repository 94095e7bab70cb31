import { execFileSync, spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, renameSync, statSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { ProxiesEntry, ProxyNode } from '../../contract/endpoints';
import { Refusal } from '../../contract/errors';
import { ended, identityOf, isRunning, signal, type Identity } from '../../services/processes';
import { replaceDurably } from '../durable';
import type { CapabilityOf, Host } from '../host';
import { askConsole, type Answer } from './console';

const lookEveryMs = 25;
const answersMs = 1_000;
const killMs = 5_000;
/** A log longer than this is put aside when its process is started again; the one before it goes. */
const longestLog = 16 * 1024 ** 2;

const Kept = z.object({ pid: z.number(), started: z.string() });

interface Started extends Identity {
  /** What it ended with, once it has. */
  end: string | undefined;
}

/**
 * The proxy process of this host's node. It is no child that lives and dies with the agent: its clients would lose their
 * connections with it. So who it is is kept on disk, and what is killed is that very process or nothing.
 */
export function proxyProcess(
  host: Pick<Host, 'name' | 'stateDir' | 'log'>,
  entry: ProxiesEntry,
  name: string,
): Pick<CapabilityOf<'traffic'>, 'startProxy'> {
  const [node, own] = Object.entries(entry.nodes).find(([, one]) => one.host === host.name) ?? [];
  if (node === undefined || own === undefined) throw new Refusal('NoPart', { host: host.name, part: 'node', name });
  const files = {
    kept: join(host.stateDir, 'proxies', `${name}.json`),
    log: join(host.stateDir, 'proxies', `${name}.log`),
  };
  const refuse = (why: string) => new Refusal('NoProxy', { node, host: host.name, why });
  const answers = async (deadlineMs: number): Promise<Answer> => {
    const answer = await askConsole({ url: own.console, password: own.password }, 'SHOW VERSION', deadlineMs);
    // It lives, and does what it was told to: a new one would say the same.
    if (answer.says === 'error') throw refuse(answer.why);
    return answer;
  };
  /** A process that runs has as many chances as the fleet file says; where none of ours does, a refusal is enough. */
  const isSilent = async (runs: boolean): Promise<boolean> => {
    for (let misses = 0; misses < entry.probe.misses; misses++) {
      const { says } = await answers(entry.probe.deadline);
      if (says === 'rows') return false;
      if (says === 'lost' && !runs) return true;
      await pause(entry.probe.every);
    }
    return true;
  };
  const start = async (deadlineMs: number) => {
    const begin = performance.now();
    const tookMs = () => Math.round(performance.now() - begin);
    const before = readKept(files.kept);
    const runs = before !== undefined && isRunning(before);
    if (!(await isSilent(runs))) {
      return { ...(runs && { pid: before.pid }), started: false, killed: false, tookMs: tookMs() };
    }
    if (own.start === undefined) throw refuse('it is silent, and the fleet file does not say how it is started');
    const killed = before !== undefined && signal(before, 'SIGKILL', { group: true });
    if (killed && !(await ended(before, killMs))) throw refuse(`process ${before.pid} does not end`);
    const started = launch(own, files.log, host.name);
    replaceDurably(files.kept, JSON.stringify({ pid: started.pid, started: started.started }));
    host.log('started a proxy', { node, pid: started.pid, killed: killed ? before.pid : undefined });
    for (;;) {
      const leftMs = deadlineMs - tookMs();
      const answer = await answers(Math.max(Math.min(leftMs, answersMs), 1));
      if (answer.says === 'rows') return { pid: started.pid, started: true, killed, tookMs: tookMs() };
      if (started.end !== undefined) throw refuse(`it ${started.end}: ${lastLine(files.log)}`);
      if (leftMs <= lookEveryMs) throw refuse(`nothing in ${deadlineMs} ms after its start`);
      await pause(lookEveryMs);
    }
  };
  let turn: Promise<unknown> = Promise.resolve();
  return {
    startProxy: ({ deadlineMs }) => {
      const mine = turn.then(() => start(deadlineMs));
      turn = mine.catch(() => undefined); // whoever asked gets the error; the next one has its turn all the same
      return mine;
    },
  };
}

/** In a session of its own, with its output in a log, so that it outlives the agent. */
function launch({ start = [], as }: ProxyNode, logFile: string, host: string): Started {
  mkdirSync(join(logFile, '..'), { recursive: true, mode: 0o700 });
  if ((statSync(logFile, { throwIfNoEntry: false })?.size ?? 0) > longestLog) renameSync(logFile, `${logFile}.1`);
  const [file = '', ...args] = [...become(as, host), ...start];
  const log = openSync(logFile, 'a', 0o600);
  const child = spawn(file, args, { env: environment(), cwd: '/', detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  const started: Started = { ...identityOf(child.pid ?? 0), end: undefined };
  child.once('error', (error) => (started.end = `did not start (${error.message})`));
  child.once('exit', (code, killedBy) => (started.end = `ended with ${code ?? killedBy}`));
  child.unref();
  return started;
}

/** The words that make a program run as that user, with all groups of that user. They end by becoming that program: the pid stays. */
function become(user: string, host: string): string[] {
  if (userInfo().username === user) return [];
  const what = `starting a proxy as ${user} on ${host}`;
  if (process.getuid?.() !== 0) throw new Refusal('NotPermitted', { what, why: 'the agent is not root' });
  try {
    const group = execFileSync('id', ['-g', user], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
    return ['setpriv', '--reuid', user, '--regid', group, '--init-groups', '--'];
  } catch (cause) {
    throw new Refusal('NotPermitted', { what, why: `there is no user ${user}` }, { cause });
  }
}

/** The agent's own secrets are in variables of this name: nobody else gets to see them. */
const environment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('EVENKEEL_')));

function readKept(file: string): Identity | undefined {
  try {
    return Kept.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const lastLine = (file: string): string => readFileSync(file, 'utf8').trim().split('\n').at(-1) || 'its log is empty';
