import { formatDuration } from '../../contract/amounts';
import type { HolderView } from '../../contract/capabilities/traffic';
import type { ProxiesEntry } from '../../contract/endpoints';
import { Refusal, whyOf } from '../../contract/errors';
import type { Deed, Observation, Sight } from '../../contract/sights';
import { answered, type Asked } from './facts';

/** What the fleet file says of a pair of proxies, in the form in which workflows carry it. */
export interface PairTerms extends Pick<ProxiesEntry, 'autonomy' | 'coolDown' | 'maintenance' | 'by'> {
  pair: string;
  /** By which rules plans are made. Runs of earlier builds have none of them, and are replayed by what was so then. */
  rules?: 2;
  /** How many misses in a row are silence. */
  misses: number;
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
  /** By node, the highest epoch that is known of its address: on the disks too, which outlive the kernels. */
  epochs?: Record<string, number>;
}

/**
 * What is to be done for a node. away: the other one serves its clients already, since the agents redirected them by
 * themselves; move: the other one takes its address; stay: its proxy is started where it is, since its address cannot move,
 * or has just moved; home: nobody has its address, and it takes it.
 */
type Course = 'away' | 'move' | 'stay' | 'home';

export interface ProxyPlan {
  pair: string;
  node: string;
  host: string;
  address: string;
  port: number;
  peer: string;
  peerHost: string;
  course: Course;
  /** The epochs that are expected in the kernels of the peer and of its own host. */
  from: { peer: number; home: number };
  deed?: Deed;
  startable: boolean;
  /** What is seen of its proxy. */
  saw: string;
  /** Why it stays. */
  why?: string;
  /** It stays without its address, while the other host does not tell whether it has that. */
  astray?: true;
}

export const leaseOfNode = (pair: string, node: string): string => `${pair}/${node}`;

/** With `force`, its address moves in maintenance and within the cool-down too. */
export function planProxy(facts: PairFacts, node: string, force = false): ProxyPlan {
  const { terms, deeds } = facts;
  const entry = terms.nodes[node];
  if (!entry)
    throw new Refusal('NoPart', {
      host: terms.pair,
      part: `node "${node}"`,
      name: Object.keys(terms.nodes).join(' or '),
    });
  const peer = otherOf(terms, node);
  const { course, why } = courseOf(facts, node, force);
  const done = deeds.filter(({ failed, outcome }) => failed === node && outcome === 'done');
  const newest = Math.max(...done.map(({ epoch }) => epoch));
  // Both agents may have done it under one epoch: it was done when the first of them had.
  const deed = done.find(({ epoch }) => epoch === newest);
  return {
    ...{ pair: terms.pair, node, host: entry.host, address: entry.address, port: entry.port },
    ...{ peer, peerHost: terms.nodes[peer]!.host, course, startable: entry.startable },
    from: { peer: viewOf(facts, peer, node)?.epoch ?? 0, home: viewOf(facts, node, node)?.epoch ?? 0 },
    ...(deed && course === 'away' && { deed }),
    saw: sawOf(facts, node),
    ...(why !== undefined && { why }),
    ...(terms.rules !== undefined &&
      course === 'stay' &&
      !viewOf(facts, node, node)?.held && { astray: true as const }),
  };
}

function courseOf(facts: PairFacts, node: string, force: boolean): { course: Course; why?: string } {
  const { terms } = facts;
  const { host, startable } = terms.nodes[node]!;
  const peer = otherOf(terms, node);
  const [away, home] = [viewOf(facts, peer, node), viewOf(facts, node, node)];
  if (away?.held) return { course: 'away' };
  if (home && away && (!home.held || neverUp(facts, node))) {
    if (isWell(facts, node) || startable) return { course: 'home' };
    if (!isWell(facts, peer)) throw new Refusal('NoProxy', { node, host, why: sawOf(facts, node) });
    return { course: 'move' };
  }
  if (!isDown(facts, node)) {
    const answers = sightsOf(facts, node).filter(hears).length;
    throw new Refusal('ProxyAnswers', { name: terms.pair, node, answers, total: facts.observations.length });
  }
  const refusal = objection(facts, node, peer, force);
  if (!refusal) return { course: 'move' };
  if (!startable || !home) throw refusal;
  return { course: 'stay', why: whyOf(refusal) };
}

/** By nftables an address lies at its own host from the start: before its proxy is brought up nobody has taken it, or had an answer. */
const neverUp = (facts: PairFacts, node: string): boolean =>
  facts.terms.rules !== undefined &&
  facts.terms.by === 'nftables' &&
  facts.epochs?.[node] === 0 &&
  isDown(facts, node) &&
  sightsOf(facts, node).every(({ never }) => never);

/** What speaks against a move of its address. */
function objection(facts: PairFacts, node: string, peer: string, force: boolean): Refusal | undefined {
  const { terms, nowMs } = facts;
  const [{ host }, { host: peerHost }] = [terms.nodes[node]!, terms.nodes[peer]!];
  // Its own host redirects: nobody else can.
  if (terms.rules !== undefined && terms.by === 'nftables' && !viewOf(facts, node, node))
    return new Refusal('NotRedirected', { host, node, why: silenceOf(facts, node) });
  if (!viewOf(facts, peer, node)) return new Refusal('HostSilent', { host: peerHost, why: silenceOf(facts, peer) });
  if (!isWell(facts, peer)) return new Refusal('NoProxy', { node: peer, host: peerHost, why: sawOf(facts, peer) });
  if (force) return undefined;
  if (terms.maintenance !== false) return new Refusal('InMaintenance', { name: terms.pair, why: terms.maintenance });
  // Also a move that failed, where its proxy can be started with its address: that helps at once.
  const staysWell =
    terms.nodes[node]!.startable && (terms.rules === undefined || viewOf(facts, node, node)?.held === true);
  const moved = facts.deeds.findLast(
    ({ failed, outcome }) => failed === node && (outcome === 'done' || (outcome === 'failed' && staysWell)),
  );
  const agoMs = moved ? nowMs - moved.atMs : Infinity;
  if (agoMs >= terms.coolDown) return undefined;
  const [ago, coolDown] = [agoMs, terms.coolDown].map((ms) => formatDuration(Math.max(0, ms)));
  return new Refusal('CoolingDown', { name: node, ago: ago!, coolDown: coolDown! });
}

const does: Record<Course, (plan: ProxyPlan) => string[]> = {
  away: ({ peer, address, deed }) => [
    `${peer} serves its clients at ${address} already`,
    ...(deed?.acts ?? []).map(({ afterMs, what }) => `${what} (after ${Math.round(afterMs)} ms)`),
  ],
  move: ({ peer, address }) => [`${peer} takes ${address}, and serves its clients`],
  stay: ({ node, address, why, astray }) => [
    astray ? `nobody can tell who has ${address}, and nothing moves: ${why}` : `${address} stays with ${node}: ${why}`,
  ],
  home: ({ node, address }) => [`nobody has ${address}: ${node} takes it`],
};

export const proxySentences = (plan: ProxyPlan): string[] => [
  `the proxy of ${plan.node} on ${plan.host}: ${plan.saw}`,
  ...does[plan.course](plan),
  plan.startable
    ? 'its proxy is started where it does not answer, and has its clients when it is well'
    : 'its proxy is not started by us: the fleet file does not say how',
];

export const proxyEssence = ({ node, peer, course }: ProxyPlan): unknown => ({ node, peer, course });

export const otherOf = ({ nodes }: PairTerms, node: string): string =>
  Object.keys(nodes).find((name) => name !== node)!;

const hears = ({ says }: Sight): boolean => says === 'answers' || says === 'late' || says === 'failing';

/** Everybody who looks has missed it as often as the fleet file says. */
export const isDown = (facts: PairFacts, node: string): boolean => {
  const sights = sightsOf(facts, node);
  const { misses } = facts.terms;
  return (
    sights.length > 0 && sights.every((sight) => !hears(sight) && (sight.process === 'gone' || sight.misses >= misses))
  );
};

/** Every observer that answers sees the proxy answer, and somebody does. */
export const isWell = (facts: PairFacts, node: string): boolean => {
  const sights = sightsOf(facts, node);
  return sights.length > 0 && sights.every(({ says }) => says === 'answers' || says === 'late');
};

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

/** What the host of `at` says of the address of `node`. */
export function viewOf({ holders }: PairFacts, at: string, node: string): HolderView | undefined {
  const asked = holders[at];
  return answered(asked) ? asked.holders.find((one) => one.node === node) : undefined;
}

function silenceOf({ holders }: PairFacts, node: string): string {
  const asked = holders[node];
  return asked && 'silent' in asked ? asked.silent : 'it does not know that address';
}
