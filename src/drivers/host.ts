import type { FreezeBy } from '../contract/capabilities/files';
import type { EndpointEntry, ProxiesEntry } from '../contract/endpoints';
import type { ObjectEntry } from '../contract/objects';
import type { Capability, Lease } from '../contract/operations';
import type { Rails } from '../planning/rails';
import type { capabilities, CapabilityName } from '../contract/capabilities';

export type CapabilityOf<N extends CapabilityName> = Capability<(typeof capabilities)[N]>;

/** What the agent hands each driver: everything it may know of its host and its peers. A driver imports no agent code. */
export interface Host {
  name: string;
  /** Absolute, resolved directories; a driver touches nothing outside them and `stateDir`. */
  roots: readonly string[];
  /** The agent's own directory: catalogs, tables, journals of its drivers live in sub-directories of it. */
  stateDir: string;
  /** The client of a peer's capability. */
  peer<N extends CapabilityName>(host: string, capability: N): CapabilityOf<N>;
  /** How the stores of this host may be frozen, as its own fleet file says. */
  freezes: readonly { root: string; by: FreezeBy }[];
  /** The objects that this host's own fleet file gives to it. */
  objects: Readonly<Record<string, ObjectEntry>>;
  /** Its failure domain. */
  zone?: string;
  /** What its own fleet file allows at all. */
  rails: Rails;
  /** The endpoints and pairs of proxies in which this host has a part, whole: an observer watches what lies on others. */
  endpoints: Readonly<Record<string, EndpointEntry>>;
  proxies: Readonly<Record<string, ProxiesEntry>>;
  /** Where a peer takes bulk data: the address, without the port that its `copy.door` tells. */
  bulkAddress(host: string): string;
  /** Where this host takes bulk data. Port 0: any. */
  bulk: { address: string; port: number };
  /** How two agents know each other on the bulk port: a shared token on loopback, or certificates of one authority (`tls` names files). */
  trust: { token?: string; tls?: { ca: string; cert: string; key: string } };
  /** Does work under a lease that did not come by an operation of the contract: refused when it is stale, told when a newer one comes. */
  hold<T>(lease: Lease, newerCame: () => void, work: () => Promise<T>): Promise<T>;
  log(event: string, facts?: Record<string, unknown>): void;
}

/** A driver that is running; `stop` ends its services and returns when they have ended. */
export interface Running<T> {
  driver: T;
  /** Answers everybody who waits for news: the agent is about to stop, and its server waits for them. */
  letGo?(): void;
  stop(): Promise<void>;
}

/** The driver of each capability that a host can have. The agent starts one when it is first needed. */
export type DriverTable = {
  [N in Exclude<CapabilityName, 'host'>]?: (host: Host) => Promise<Running<CapabilityOf<N>>>;
};
