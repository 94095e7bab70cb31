import type { Client } from '@temporalio/client';
import { type NativeConnection, Worker } from '@temporalio/worker';
import { createActivities, type Hands } from '../activities';
import { dataConverter } from '../api/codec';
import { createAgentClient, type AgentClient } from '../agent/client';
import { Refusal } from '../contract/errors';
import type { Fleet } from '../contract/fleet';
import type { LiveFleet } from '../fleet/live';
import { taskQueue } from '../contract/runbooks';
import { meant } from '../fleet/nearest';
import { bundlePath } from './bundle';
import { registered } from './registered';

export interface WorkerParts {
  connection: NativeConnection;
  client: Client;
  /** The fleet as its file says now. */
  fleet: LiveFleet;
  /** Bearer token of role agent, on loopback; elsewhere the fleet's certificates are used. */
  token?: string;
  identity?: string;
}

/** How long a stopping worker waits for activities to let go of their jobs. The jobs go on. */
const graceMs = 5_000;

/** Every runbook that the contract names, with its activities. Workers keep no state: run any number. */
export async function createWorker({ connection, client, fleet, token, identity }: WorkerParts): Promise<Worker> {
  if (Object.keys(registered).length === 0) throw new Error('no runbook is registered');
  return Worker.create({
    connection,
    namespace: client.options.namespace,
    taskQueue: taskQueue(),
    ...(identity !== undefined && { identity }),
    dataConverter: dataConverter(),
    workflowBundle: { codePath: bundlePath() },
    activities: createActivities({
      ...{ fleet, temporal: client, agent: agentsOf(fleet, token) },
      ...(token !== undefined && { token }),
    }),
    // Pause and cancel reach an activity with its next heartbeat: the SDK would hold heartbeats back for seconds.
    maxHeartbeatThrottleInterval: '500ms',
    shutdownGraceTime: graceMs,
    shutdownForceTime: graceMs * 2,
  });
}

/** One client per agent, made when it is first asked for and anew when its entry in the fleet file changed. */
function agentsOf(fleet: () => Fleet, token: string | undefined): Hands['agent'] {
  const clients = new Map<string, { key: string; client: AgentClient }>();
  return (host) => {
    const { hosts, tls } = fleet();
    const entry = hosts[host];
    if (!entry) throw new Refusal('UnknownHost', { host, near: meant(host, Object.keys(hosts)) });
    const key = JSON.stringify([entry.agent, tls]);
    const known = clients.get(host);
    if (known?.key === key) return known.client;
    known?.client.close();
    const client = createAgentClient({
      host,
      url: entry.agent,
      ...(token !== undefined && { token }),
      ...(tls && { tls }),
    });
    clients.set(host, { key, client });
    return client;
  };
}
