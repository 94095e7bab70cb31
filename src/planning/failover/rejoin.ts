import { Refusal } from '../../contract/errors';
import { answered, primaryOf, type EndpointFacts } from './facts';

/** A member that is to follow the primary again. */
export interface RejoinPlan {
  endpoint: string;
  member: string;
  host: string;
  /** As it is now. */
  state: string;
  primary: string;
  primaryHost: string;
  /** Standbys for which commits may wait afterwards. */
  standbys: string[];
}

export function planRejoin(facts: EndpointFacts, member: string): RejoinPlan {
  const { terms, members } = facts;
  const { endpoint } = terms;
  const entry = terms.members[member];
  if (!entry)
    throw new Refusal('NoCandidate', {
      name: endpoint,
      why: `it has no member "${member}", only ${Object.keys(terms.members).join(', ')}`,
    });
  const primary = primaryOf(facts);
  const now = primary === undefined ? undefined : members[primary];
  if (primary === undefined || !answered(now) || now.state !== 'primary')
    throw new Refusal('NoPrimary', { name: endpoint, count: 0, which: 'nobody to follow' });
  if (primary === member)
    throw new Refusal('NotStandby', { member, host: entry.host, state: 'the primary that the forwarders send to' });
  const view = members[member];
  if (!answered(view)) throw new Refusal('HostSilent', { host: entry.host, why: view?.silent ?? 'it was not asked' });
  const standbys = Object.entries(members)
    .filter(([name, its]) => name === member || (answered(its) && its.state === 'standby'))
    .map(([name]) => name);
  return {
    ...{ endpoint, member, host: entry.host, state: view.state, primary, standbys },
    primaryHost: terms.members[primary]!.host,
  };
}

export const rejoinSentences = ({ member, host, state, primary, standbys }: RejoinPlan): string[] => [
  `${member} on ${host} is ${state}, and is to follow ${primary}`,
  `it is stopped if it runs; what it has that ${primary} lacks is kept aside and counted; then it is rewound`,
  `commits on ${primary} wait for one of ${standbys.join(', ')} afterwards`,
];
