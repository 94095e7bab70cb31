import { createAgentClient, type AgentClient } from '../agent/client';
import { Refusal } from '../contract/errors';
import type { Fleet } from '../contract/fleet';
import type { FleetLook } from './fleetView';

/** Clients of the fleet's agents whose connections are kept: who looks each second would else greet every host each second. */
export class FleetAgents {
  private fleet: Fleet | undefined;
  private readonly clients = new Map<string, AgentClient>();

  constructor(private readonly how: FleetLook) {}

  /** Another fleet file may say other places and certificates. */
  of(fleet: Fleet): (host: string) => AgentClient {
    if (this.fleet !== fleet) this.close();
    this.fleet = fleet;
    return (host) => this.clients.get(host) ?? this.connect(fleet, host);
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
    this.clients.clear();
  }

  private connect({ hosts, tls }: Fleet, host: string): AgentClient {
    const url = hosts[host]?.agent;
    if (url === undefined) throw new Refusal('UnknownHost', { host, near: '' });
    const { token } = this.how;
    const client = createAgentClient({ host, url, ...(token !== undefined && { token }), ...(tls && { tls }) });
    this.clients.set(host, client);
    return client;
  }
}
