import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { ended, isRunning, signal } from '../services/processes';
import { startChild, stopChild, type Child } from '../stack/children';
import { packageRoot } from '../stack/places';
import type { Endings } from './endings';
import { inside } from './network';
import { cpuOfTree, treeOf } from './processTree';

const readyMs = 60_000;
const endMs = 5_000;

export interface AgentPlace {
  host: string;
  fleetFile: string;
  /** A directory of this agent alone: its state and its log. */
  folder: string;
  env?: NodeJS.ProcessEnv;
  /** A network namespace to run in. */
  namespace?: string;
}

/** A real agent in a process of its own, as `evenkeel agent run` starts it. */
export class AgentProcess {
  private killed = false;

  private constructor(
    private readonly place: AgentPlace,
    private child: Child,
  ) {}

  static async start(endings: Endings, place: AgentPlace): Promise<AgentProcess> {
    const agent = new AgentProcess(place, await launch(place));
    endings.add(() => agent.stop());
    return agent;
  }

  async stop(): Promise<void> {
    await stopChild(this.child);
  }

  /** Ended at once, without a word to anybody. */
  kill(): void {
    signal(this.child, 'SIGKILL');
    this.killed = true;
  }

  /** It takes connections, as its kernel does for it, and answers nothing until it is resumed. */
  hang(): void {
    signal(this.child, 'SIGSTOP');
  }

  resume(): void {
    signal(this.child, 'SIGCONT');
  }

  /** Starts it again with the state that it left, if it has ended. */
  async restart(): Promise<void> {
    // A moment passes until one that was killed has ended.
    if (this.killed) await ended(this.child, endMs);
    if (isRunning(this.child)) return;
    this.child = await launch(this.place);
    this.killed = false;
  }

  /** CPU seconds of the agent and its children so far. */
  cpu(): number {
    return cpuOfTree(this.child.pid);
  }

  /** The agent and its children. */
  processes(): number[] {
    return treeOf(this.child.pid);
  }
}

async function launch({ host, fleetFile, folder, env, namespace }: AgentPlace): Promise<Child> {
  const logFile = join(folder, `${host}.log`);
  const enter = namespace === undefined ? [] : inside(namespace);
  const entry = join(packageRoot, 'bin', 'evenkeel.js');
  const args = ['agent', 'run', '--host', host, '--fleet', fleetFile, '--state', join(folder, host)];
  const command = [...enter, process.execPath, entry, ...args];
  const before = existsSync(logFile) ? statSync(logFile).size : 0;
  const child = await startChild({ name: host, command, logFile, env: { ...process.env, ...env }, diesWithUs: true });
  const listens = () => readFileSync(logFile).subarray(before).includes('agent listens');
  for (const deadline = Date.now() + readyMs; Date.now() < deadline && !child.exited(); await pause(20)) {
    if (listens()) return child;
  }
  await stopChild(child);
  const said = readFileSync(logFile, 'utf8').slice(before).trim().split('\n').slice(-5).join('\n');
  throw new Error(`the agent of ${host} did not start, and said last:\n${said}`);
}
