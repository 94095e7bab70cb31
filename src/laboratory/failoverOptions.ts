import type { z } from 'zod';
import type { EndpointEntry, ProxiesEntry } from '../contract/endpoints';
import type { UpdateKey } from './nameServer';

/** What a laboratory for failover has. Each part that is left out starts faster. */
export interface FailoverOptions {
  /** Forwarders, observers, a name server and a cluster behind one endpoint. */
  endpoint?: boolean;
  /** Two compute nodes with a pgbouncer each. */
  proxies?: boolean;
  /** Standbys beside the primary `p1`: `p2`, then `p3`. None without an endpoint unless it is said; an endpoint needs one. */
  standbys?: 0 | 1 | 2;
  /** `synchronous`: a commit waits for `p2`. */
  replication?: 'synchronous' | 'asynchronous';
  /** A pgbouncer on each forwarder. */
  poolers?: boolean;
  /** Who starts the proxies of the compute nodes: their agents, by the fleet file's `start`, or the laboratory. */
  proxiesBy?: 'agents' | 'laboratory';
  /** Updates of the name server must be signed with it. */
  updateKey?: UpdateKey;
  /** Hosts of clients, and their zones. */
  clients?: Readonly<Record<string, string>>;
  /** Observers can cut the power of a member's host: nothing on it runs on. */
  powerOff?: boolean;
  /** Whether commits are forced to the disk, as they are outside of tests. */
  fsync?: boolean;
  /** What the fleet file says of the endpoint and of the pair beside what the laboratory knows: probe, autonomy, lease … */
  endpointEntry?: Partial<z.input<typeof EndpointEntry>>;
  proxiesEntry?: Partial<z.input<typeof ProxiesEntry>>;
  /** False: agents are started by `startAgent` alone. */
  agents?: boolean;
  /** Temporal, a worker and the API on this machine. */
  controlPlane?: boolean;
  /** A Temporal server of its own, that may be killed. */
  ownTemporal?: boolean;
  /** A folder that exists and outlives the laboratory; left out, one is made and removed. */
  folder?: string;
  say?: (line: string) => void;
}

export type Layout = Required<Omit<FailoverOptions, 'updateKey' | 'folder'>> & Pick<FailoverOptions, 'updateKey'>;

export function layoutOf(options: FailoverOptions): Layout {
  const { endpoint = true, proxies = true } = options;
  return {
    standbys: endpoint ? 1 : 0,
    replication: 'synchronous',
    poolers: false,
    proxiesBy: 'agents',
    clients: { cl: 'c' },
    powerOff: false,
    fsync: true,
    endpointEntry: {},
    proxiesEntry: {},
    agents: true,
    controlPlane: true,
    ownTemporal: false,
    say: () => undefined,
    ...options,
    endpoint,
    proxies,
  };
}

/** The members of the cluster; the first is the primary. */
export const membersOf = ({ standbys }: Layout): string[] => ['p1', 'p2', 'p3'].slice(0, 1 + standbys);

/** Every host and its zone. */
export function zonesOf(layout: Layout): Record<string, string> {
  const { endpoint, proxies, clients } = layout;
  const memberZones: Record<string, string> = { p1: 'a', p2: 'b', p3: 'c' };
  return {
    ...(proxies && { n1: 'a', n2: 'b' }),
    ...Object.fromEntries(membersOf(layout).map((member) => [member, memberZones[member]!])),
    ...(endpoint && { fa: 'a', fb: 'b', et: 'c', dns: 'c' }),
    ...clients,
  };
}

/** The hosts that have an agent: those with a part in something. */
export const agentHostsOf = (layout: Layout): string[] => [
  ...(layout.proxies ? ['n1', 'n2'] : []),
  ...(layout.endpoint ? [...membersOf(layout), 'fa', 'fb', 'et'] : []),
];
