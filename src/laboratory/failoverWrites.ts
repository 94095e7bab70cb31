import { Clients, type ClientsWish } from './clients/clients';
import { databasePort } from './database';
import type { Endings } from './endings';
import { proxyAddress } from './failoverFleet';
import type { FailoverSite } from './failoverSite';
import { endpointName } from './nameServer';
import { poolerPort } from './pooler';

type Way = Pick<ClientsWish, 'to' | 'port'>;

/** By the DNS name of the endpoint; through the poolers of the forwarders where they are there. */
export const byEndpoint = ({ ground: { network, layout } }: FailoverSite): Way => ({
  to: { name: endpointName, resolver: network.host('dns').address },
  port: layout.poolers ? poolerPort : databasePort,
});

/** By the address that moves with the proxy of a node; `own`: by the node's own, which does not. */
export const byProxy = ({ network }: FailoverSite, node: string, which: 'moving' | 'own' = 'moving'): Way => ({
  to: { address: which === 'own' ? network.host(node).address : proxyAddress(network, node) },
  port: poolerPort,
});

/** Straight to a member. */
export const byMember = ({ network }: FailoverSite, member: string): Way => ({
  to: { address: network.host(member).address },
  port: databasePort,
});

/** Clients of a site that write until they are stopped, on the host of clients that is named, else on the first. */
export function startWrites(
  endings: Endings,
  site: FailoverSite,
  way: Way,
  { from, ...wish }: Partial<ClientsWish> & { from?: string } = {},
): Clients {
  const { network, layout, folder } = site.ground;
  const host = network.host(from ?? Object.keys(layout.clients)[0] ?? '');
  return Clients.start(endings, { namespace: host.namespace, folder }, { ...way, ...wish });
}
