import { isDown, isWell, otherOf, viewOf, type PairFacts } from './proxies';

/** A pair of proxies under guard. */
export interface PairGuardPlan {
  pair: string;
  hosts: string[];
  nodes: NodeState[];
  autonomy: PairFacts['terms']['autonomy'];
  maintenance: PairFacts['terms']['maintenance'];
}

export interface NodeState {
  node: string;
  /** Who has its address: its own host, the other one, nobody, or nobody can tell. */
  at: 'home' | 'away' | 'nobody' | 'unknown';
  /** Down: nobody who looks hears its proxy. */
  proxy: 'well' | 'down' | 'unclear';
  /** The highest epoch that is known of its address. */
  epoch: number;
}

export function planPairGuard(facts: PairFacts): PairGuardPlan {
  const { terms } = facts;
  return {
    pair: terms.pair,
    hosts: Object.values(terms.nodes).map(({ host }) => host),
    nodes: Object.keys(terms.nodes).map((node) => stateOf(facts, node)),
    autonomy: terms.autonomy,
    maintenance: terms.maintenance,
  };
}

function stateOf(facts: PairFacts, node: string): NodeState {
  const [home, away] = [viewOf(facts, node, node), viewOf(facts, otherOf(facts.terms, node), node)];
  const epoch = Math.max(home?.epoch ?? 0, away?.epoch ?? 0);
  const proxy = isWell(facts, node) ? 'well' : isDown(facts, node) ? 'down' : 'unclear';
  const at = away?.held ? 'away' : home?.held ? 'home' : home && away ? 'nobody' : 'unknown';
  return { node, at, proxy, epoch };
}

/** Why a run has to see to a node; undefined when none has to. */
export function concernOf({ node, at, proxy }: NodeState): string | undefined {
  if (at === 'nobody') return `nobody has the address of ${node}`;
  if (at === 'away') return `the other proxy serves the clients of ${node}`;
  return proxy === 'down' ? `the proxy of ${node} does not answer` : undefined;
}

/** Why a guard only says what it would do. */
export const heldBackBy = ({ autonomy, maintenance }: PairGuardPlan): string | undefined =>
  maintenance === false
    ? autonomy === 'observe'
      ? 'it only observes'
      : undefined
    : `it is in maintenance: ${maintenance}`;

/** What each level of autonomy does when a proxy fails. */
const does = {
  observe: 'nothing is done, only said',
  ask: 'its clients are redirected after an approval',
  act: 'the agents redirect its clients at once, by themselves',
} as const;

const place = {
  home: 'has its address',
  away: 'has its clients served by the other one',
  nobody: 'has no address yet',
  unknown: 'cannot be told to have its address',
} as const;

const health = { well: 'is well', down: 'does not answer', unclear: 'is not well' } as const;

export const pairSentences = ({ pair, nodes, autonomy }: PairGuardPlan): string[] => [
  `when a proxy of ${pair} fails, ${does[autonomy]}`,
  ...nodes.map(({ node, at, proxy }) => `${node} ${place[at]}, and its proxy ${health[proxy]}`),
];
