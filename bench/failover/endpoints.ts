import type { Endings } from '../../src/laboratory/endings';
import { endpointFaults } from './endpointFaults';
import type { Family } from './family';
import { byOld, gap, gapEnds, hung, lost, unknown } from './measures';
import { ourEndpoint } from './ourEndpoint';
import { leastPatroni, patroni, patronis } from './patroni';

/** Patroni waits for its leases: a repetition takes a minute, and its figures do not scatter for other reasons. */
const roundsOfPatroni = 3;

/** The primary behind a DNS name fails, and its synchronous standby is promoted. */
export function endpoints(endings: Endings, hungMs: number, say: (line: string) => void): Family {
  return {
    name: 'endpoint',
    faults: endpointFaults,
    sides: [ourEndpoint(endings, hungMs, say), ...patronis.map((terms) => patroni(endings, terms, hungMs, say))],
    figures: () => [gap(1_200), gapEnds, hung, lost, byOld, unknown],
    race: { peerName: leastPatroni.name, most: 0.15 },
    rounds: ({ name }) => (name === 'ours' ? Infinity : roundsOfPatroni),
  };
}
