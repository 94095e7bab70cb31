import type { Endings } from '../../src/laboratory/endings';
import { gapEnds, gap, hung, lost, unknown } from './measures';
import { keepalived, manners } from './keepalived';
import { ourPair } from './ourPair';
import { proxyFaults } from './pair';
import type { Family } from './family';

/** A proxy is told dead by its own agent, or by the other one, which needs two deadlines. */
const goals: Record<string, number> = { killed: 300, hung: 600, 'link-down': 600 };

/** The address of a proxy that fails moves to the other node. */
export function proxies(endings: Endings, hungMs: number, say: (line: string) => void): Family {
  return {
    name: 'proxy',
    faults: proxyFaults,
    sides: [ourPair(endings, hungMs, say), ...manners.map((manner) => keepalived(endings, manner, hungMs, say))],
    figures: (fault) => [
      gap(goals[fault]!),
      ...[gapEnds, hung, lost, unknown],
      { metric: 'illegitimate moves', unit: 'count', goal: 0, of: ({ illegitimate = 0 }) => illegitimate },
    ],
  };
}
