import { Refusal } from '../contract/errors';
import type { Fleet } from '../contract/fleet';
import { meant } from '../fleet/nearest';
import { createAgentClient, type AgentClient } from './client';

/** The agents of a fleet as one of them, or a worker, reaches them. */
export class Peers {
  private readonly clients = new Map<string, AgentClient>();

  constructor(
    private readonly fleet: Fleet,
    private readonly token: string | undefined,
  ) {}

  entry(host: string): Fleet['hosts'][string] {
    const entry = this.fleet.hosts[host];
    if (!entry) throw new Refusal('UnknownHost', { host, near: meant(host, Object.keys(this.fleet.hosts)) });
    return entry;
  }

  client(host: string): AgentClient {
    const { agent: url } = this.entry(host);
    const { token } = this;
    const { tls } = this.fleet;
    const credentials = { ...(token !== undefined && { token }), ...(tls && { tls }) };
    const client = this.clients.get(host) ?? createAgentClient({ host, url, ...credentials });
    this.clients.set(host, client);
    return client;
  }

  bulkAddress(host: string): string {
    const { agent, bulk } = this.entry(host);
    return bulk.address ?? hostname(agent);
  }

  close(): void {
    for (const client of this.clients.values()) client.close();
  }
}

/** The host part of an address, an IPv6 one without its brackets. */
export const hostname = (url: string): string => new URL(url).hostname.replace(/^\[|\]$/g, '');
