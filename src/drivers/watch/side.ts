import type { ProxiesEntry, ProxyNode } from '../../contract/endpoints';
import type { Sight } from '../../contract/sights';
import type { Holding } from '../../planning/failover/takeover';
import type { Host } from '../host';
import { said } from '../said';

/** What another host must answer within, ms: a dead one must not hold up its successor. */
export const peerMs = 100;
/** What is done on this host, or by the one that takes over, has this long. */
export const actMs = 2_000;

/** The address of a node, and the way that it may have to go: to the other node, or back. */
export interface Side {
  pair: string;
  entry: ProxiesEntry;
  /** Whose address it is. */
  node: string;
  address: string;
  /** Where it is, so that its clients are lost when the proxy there fails; and where it goes then. */
  from: ProxyNode & { node: string };
  to: ProxyNode & { node: string };
  /** It goes home. */
  returns: boolean;
  /** It is at this agent's own host. */
  own: boolean;
}

/** The address of each node with both its ways. A host that has neither of the nodes has no say. */
export function sidesOf(host: string, pair: string, entry: ProxiesEntry): Side[] {
  const nodes = Object.entries(entry.nodes);
  if (!nodes.some(([, node]) => node.host === host)) return [];
  return nodes.flatMap(([node, own], at) => {
    const home = { ...own, node };
    const away = { ...nodes[1 - at]![1], node: nodes[1 - at]![0] };
    const side = (from: Side['from'], to: Side['to']): Side => {
      const returns = to === home;
      return { pair, entry, node, address: home.address, from, to, returns, own: from.host === host };
    };
    return [side(home, away), side(away, home)];
  });
}

export const titled = ({ pair, node }: Side) => ({ pair, node });

/** Whether a host has the address of the node. Nothing when it does not say so in time: another one within `ms`. */
export async function holding(
  host: Host,
  { pair, node }: Side,
  at: ProxyNode,
  ms: number,
): Promise<Holding | undefined> {
  const answer = await said(host.peer(at.host, 'traffic').holders({ pair }), at.host === host.name ? actMs : ms);
  return 'value' in answer ? answer.value.holders.find((holder) => holder.node === node) : undefined;
}

/** What a host sees of its own proxy: it knows better than anybody. Nothing when it does not say so in time. */
export async function ownSight(host: Host, pair: string, at: Side['from'], ms: number): Promise<Sight | undefined> {
  const answer = await said(host.peer(at.host, 'watch').look({ target: pair, after: -1, waitMs: 0 }), ms);
  return 'value' in answer ? answer.value.sights[at.node] : undefined;
}
