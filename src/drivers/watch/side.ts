import { setTimeout as pause } from 'node:timers/promises';
import type { ProxiesEntry, ProxyNode } from '../../contract/endpoints';
import { Refusal } from '../../contract/errors';
import type { Holding } from '../../planning/failover/takeover';
import type { Host } from '../host';

/** What another host must answer within, ms: a dead one must not hold up its successor. */
export const peerMs = 100;
/** What is done on this host, or by the one that takes over, has this long. */
export const actMs = 2_000;

/** A node of a pair whose proxy fails, with the other one. */
export interface Side {
  pair: string;
  entry: ProxiesEntry;
  node: string;
  other: string;
  home: ProxyNode;
  away: ProxyNode;
  own: boolean;
}

/** Each node of the pair as the one that may fail. A host that has neither of them has no say. */
export function sidesOf(host: string, pair: string, entry: ProxiesEntry): Side[] {
  const nodes = Object.entries(entry.nodes);
  if (!nodes.some(([, node]) => node.host === host)) return [];
  return nodes.map(([node, home], at) => {
    const [other, away] = nodes[1 - at]!;
    return { pair, entry, node, other, home, away, own: home.host === host };
  });
}

export const titled = ({ pair, node }: Side) => ({ pair, node });

/** An answer, or in words why there is none by then. */
export async function said<T>(asked: Promise<T>, ms: number): Promise<{ value: T } | { why: string; code?: string }> {
  const over = new AbortController();
  const late = pause(ms, { why: `no answer within ${ms} ms` }, { signal: over.signal }).catch(() => ({ why: 'over' }));
  const answer = asked.then(
    (value) => ({ value }),
    (error: unknown) => (error instanceof Refusal ? { why: error.message, code: error.code } : { why: String(error) }),
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    over.abort();
  }
}

/** Whether a host has the address of the node. Nothing when it does not say so in time. */
export async function holding(host: Host, { pair, node }: Side, at: ProxyNode): Promise<Holding | undefined> {
  const answer = await said(host.peer(at.host, 'traffic').holders({ pair }), at.host === host.name ? actMs : peerMs);
  return 'value' in answer ? answer.value.holders.find((holder) => holder.node === node) : undefined;
}
