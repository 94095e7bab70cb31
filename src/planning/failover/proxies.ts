import type { HolderView } from '../../contract/capabilities/traffic';
import type { ProxiesEntry } from '../../contract/endpoints';
import { Refusal } from '../../contract/errors';
import type { Deed, Observation, Sight } from '../../contract/sights';
import { answered, type Asked } from './facts';

/** What the fleet file says of a pair of proxies, in the form in which workflows carry it. */
export interface PairTerms extends Pick<ProxiesEntry, 'autonomy' | 'coolDown' | 'maintenance' | 'by'> {
  pair: string;
  nodes: Record<string, { host: string; zone?: string; address: string; port: number; startable: boolean }>;
}

export interface PairFacts {
  terms: PairTerms;
  nowMs: number;
  /** By node, as its own host says who holds which address. */
  holders: Record<string, Asked<{ holders: HolderView[] }>>;
  observations: Observation[];
  /** What the agents did by themselves, oldest first. */
  deeds: Deed[];
}

export interface ProxyPlan {
  pair: string;
  node: string;
  host: string;
  address: string;
  port: number;
  peer: string;
  peerHost: string;
  /** Its address is at the peer already: the agents did that by themselves. */
  away: boolean;
  /** The epoch that is expected in the kernel of the peer. */
  from: number;
  deed?: Deed;
  startable: boolean;
  why: string;
}

export const leaseOfNode = (pair: string, node: string): string => `${pair}/${node}`;

export function planProxy(facts: PairFacts, node: string): ProxyPlan {
  const { terms, deeds } = facts;
  const entry = terms.nodes[node];
  if (!entry)
    throw new Refusal('NoPart', {
      host: terms.pair,
      part: `node "${node}"`,
      name: Object.keys(terms.nodes).join(' or '),
    });
  const peer = Object.keys(terms.nodes).find((name) => name !== node)!;
  const [holder, own] = [viewOf(facts, peer, node), viewOf(facts, node, node)];
  if (!holder) throw new Refusal('HostSilent', { host: terms.nodes[peer]!.host, why: silenceOf(facts, peer) });
  if (!isWell(facts, peer))
    throw new Refusal('NoProxy', { node: peer, host: terms.nodes[peer]!.host, why: sawOf(facts, peer) });
  const away = holder.held;
  if (!away && isWell(facts, node))
    throw new Refusal('StillAlive', {
      name: terms.pair,
      member: node,
      answers: wellFor(facts, node),
      total: facts.observations.length,
    });
  const deed = deeds.findLast((one) => one.failed === node && one.outcome === 'done');
  return {
    ...{ pair: terms.pair, node, host: entry.host, address: entry.address, port: entry.port },
    ...{ peer, peerHost: terms.nodes[peer]!.host, away, startable: entry.startable },
    from: Math.max(holder.epoch, own?.epoch ?? 0),
    ...(deed && { deed }),
    why: sawOf(facts, node),
  };
}

export const proxySentences = ({ node, host, peer, away, address, deed, startable, why }: ProxyPlan): string[] => [
  `the proxy of ${node} on ${host}: ${why}`,
  away
    ? `${peer} serves its clients at ${address} already${deed ? `: ${deed.acts.map(({ afterMs, what }) => `${what} (${Math.round(afterMs)} ms)`).join(', ')}` : ''}`
    : `${peer} takes ${address}, and serves its clients`,
  startable
    ? `its proxy is started again, and gets its clients back when it is well`
    : 'its proxy is not started by us: the fleet file does not say how',
];

export const proxyEssence = ({ node, peer, away }: ProxyPlan): unknown => ({ node, peer, away });

/** Every observer that answers sees the proxy answer, and somebody does. */
export const isWell = (facts: PairFacts, node: string): boolean => {
  const sights = sightsOf(facts, node);
  return sights.length > 0 && sights.every(({ says }) => says === 'answers' || says === 'late');
};

const wellFor = (facts: PairFacts, node: string): number =>
  sightsOf(facts, node).filter(({ says }) => says === 'answers' || says === 'late').length;

const sightsOf = ({ observations }: PairFacts, node: string): Sight[] =>
  observations.flatMap(({ sights }) => sights[node] ?? []);

function sawOf(facts: PairFacts, node: string): string {
  const said = facts.observations.flatMap(({ observer, sights }) => {
    const sight = sights[node];
    return sight
      ? [`${observer} says that it ${saying[sight.says]}${sight.why === undefined ? '' : ` (${sight.why})`}`]
      : [];
  });
  return said.join(', ') || 'nobody can tell';
}

const saying: Record<Sight['says'], string> = {
  answers: 'answers',
  late: 'answers late',
  silent: 'takes connections and does not answer',
  refused: 'is not there',
  unreachable: 'cannot be reached',
  failing: 'answers with an error',
};

function viewOf({ holders }: PairFacts, at: string, node: string): HolderView | undefined {
  const asked = holders[at];
  return answered(asked) ? asked.holders.find((one) => one.node === node) : undefined;
}

function silenceOf({ holders }: PairFacts, node: string): string {
  const asked = holders[node];
  return asked && 'silent' in asked ? asked.silent : 'it does not know that address';
}
