import { answered } from './facts';
import { isWell, type PairFacts } from './proxies';

/** A pair of proxies under guard. */
export interface PairGuardPlan {
  pair: string;
  hosts: string[];
  /** `away`: its address is at the other node. */
  nodes: { node: string; well: boolean; away: boolean }[];
  autonomy: PairFacts['terms']['autonomy'];
}

export function planPairGuard(facts: PairFacts): PairGuardPlan {
  const { terms, holders } = facts;
  const names = Object.keys(terms.nodes);
  return {
    pair: terms.pair,
    hosts: Object.values(terms.nodes).map(({ host }) => host),
    nodes: names.map((node) => {
      const peer = holders[names.find((name) => name !== node)!];
      const away = answered(peer) && peer.holders.some((one) => one.node === node && one.held);
      return { node, well: isWell(facts, node), away };
    }),
    autonomy: terms.autonomy,
  };
}

/** What each level of autonomy does when a proxy fails. */
const does = {
  observe: 'nothing is done, only said',
  ask: 'its clients are redirected after an approval',
  act: 'the agents redirect its clients at once, by themselves',
} as const;

export const pairSentences = ({ pair, nodes, autonomy }: PairGuardPlan): string[] => [
  `when a proxy of ${pair} fails, ${does[autonomy]}`,
  ...nodes.map(
    ({ node, well, away }) =>
      `${node} is ${well ? 'well' : 'not well'}${away ? ', and its clients are served by the other one' : ''}`,
  ),
];
