import { randomBytes } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createAgentClient, type AgentClient } from '../src/agent/client';
import { AgentProcess } from '../src/laboratory/agentProcess';
import type { Endings } from '../src/laboratory/endings';
import { freePort } from '../src/stack/ports';

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
