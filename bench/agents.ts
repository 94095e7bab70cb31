import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createAgentClient, type AgentClient } from '../src/agent/client';
import { startChild, stopChild, type Child } from '../src/stack/children';
import { packageRoot } from '../src/stack/places';
import { freePort } from '../src/stack/ports';
import { cpuOfTree, treeOf } from './cpu';
import type { Endings } from './endings';

const readyMs = 60_000;

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
  private constructor(private readonly child: Child) {}

  static async start(endings: Endings, place: AgentPlace): Promise<AgentProcess> {
    const agent = new AgentProcess(await launch(place));
    endings.add(() => agent.stop());
    return agent;
  }

  async stop(): Promise<void> {
    await stopChild(this.child);
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
  const enter = namespace === undefined ? [] : ['nsenter', `--net=/run/netns/${namespace}`, '--'];
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
  throw new Error(`the agent of ${host} did not start: see ${logFile}`);
}

/** Two agents of this machine that know each other by a token, and a client of each. */
export interface AgentPair {
  source: AgentProcess;
  target: AgentProcess;
  client: AgentClient;
  /** Of the hosts; each is one FSVM of that name. */
  names: { source: string; target: string };
  cpu(): number;
}

/** The agents `old` and `new` on loopback; each may touch one directory. */
export async function startPair(
  endings: Endings,
  folder: string,
  roots: { source: string; target: string },
): Promise<AgentPair> {
  const [token, port, otherPort] = [randomBytes(16).toString('hex'), await freePort(), await freePort()];
  const url = (at: number) => `http://127.0.0.1:${at}`;
  mkdirSync(folder, { recursive: true });
  const fleetFile = join(folder, 'fleet.yaml');
  const hosts = {
    old: { agent: url(port), roots: [roots.source] },
    new: { agent: url(otherPort), roots: [roots.target] },
  };
  writeFileSync(fleetFile, JSON.stringify({ fleet: 'bench', hosts }));
  const place = { fleetFile, folder, env: { EVENKEEL_TOKEN: token } };
  const source = await AgentProcess.start(endings, { ...place, host: 'old' });
  const target = await AgentProcess.start(endings, { ...place, host: 'new' });
  const client = createAgentClient({ host: 'old', url: url(port), token });
  endings.add(() => client.close());
  const names = { source: 'old', target: 'new' };
  return { source, target, client, names, cpu: () => source.cpu() + target.cpu() };
}
