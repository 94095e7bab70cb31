import { createAgentClient } from '../agent/client';
import { Refusal } from '../contract/errors';
import type { Fleet } from '../contract/fleet';
import type { FleetView, HostView } from './views';

const answerWithinMs = 2_000;
const keptMs = 2_000;

export interface FleetLook {
  fleet: () => Fleet;
  /** Bearer token for agents on loopback; elsewhere the fleet's certificates are used. */
  token?: string;
}

/** Asks every agent who it is; one that is slow does not hold up the rest. The answers are kept for two seconds. */
export function fleetView({ fleet, token }: FleetLook): () => Promise<FleetView> {
  let looked: Promise<FleetView> | undefined;
  let lookedAt = 0;
  return () => {
    if (!looked || Date.now() - lookedAt > keptMs) {
      lookedAt = Date.now();
      looked = lookAt(fleet(), token);
    }
    return looked;
  };
}

async function lookAt(fleet: Fleet, token: string | undefined): Promise<FleetView> {
  const hosts = await Promise.all(Object.keys(fleet.hosts).map((host) => hostView(fleet, host, token)));
  return {
    fleet: fleet.fleet,
    ...(fleet.limits.freeze !== false && { frozen: fleet.limits.freeze }),
    hosts,
    fileServers: Object.entries(fleet.fileServers).map(([name, { fsvms }]) => ({ name, fsvms: Object.keys(fsvms) })),
  };
}

async function hostView({ hosts, limits, tls }: Fleet, host: string, token: string | undefined): Promise<HostView> {
  const { agent, zone } = hosts[host]!;
  const known = { host, agent, ...(zone !== undefined && { zone }), paused: limits.paused.includes(host) };
  const client = createAgentClient({ host, url: agent, ...(token !== undefined && { token }), ...(tls && { tls }) });
  try {
    const { version, capabilities } = await within(client.host.describe({}), host, agent);
    return { ...known, answers: true, version, capabilities };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { ...known, answers: false, capabilities: [], why };
  } finally {
    client.close();
  }
}

async function within<T>(answer: Promise<T>, host: string, url: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const why = `no answer within ${answerWithinMs / 1000} s`;
    timer = setTimeout(() => reject(new Refusal('AgentUnreachable', { host, url, why })), answerWithinMs);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}
