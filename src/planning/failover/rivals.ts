import { answered, isFormer, type EndpointFacts } from './facts';

/** Other members that say that they are a primary. */
export const primariesBeside = ({ members }: EndpointFacts, primary: string): string[] =>
  Object.keys(members).filter((member) => {
    const view = members[member];
    return member !== primary && answered(view) && view.state === 'primary';
  });

/** Those of them that may be the newer one. */
export const rivalsOf = (facts: EndpointFacts, primary: string): string[] =>
  primariesBeside(facts, primary).filter((member) => !isLeftBehind(facts.members, member));

/**
 * The one other primary, where it is on a later timeline than this one was ever seen on: somebody promoted it past us, and the
 * forwarders do not lead to it yet.
 */
export function promotedBeside(facts: EndpointFacts, primary: string): string | undefined {
  const [member, another] = rivalsOf(facts, primary);
  if (member === undefined || another !== undefined) return undefined;
  const before = timelinesSeen(facts, primary);
  const now = timelineOf(facts, member);
  return before.length > 0 && now !== undefined && now > Math.max(...before) ? member : undefined;
}

const timelineOf = ({ members }: EndpointFacts, member: string): number | undefined => {
  const view = members[member];
  return answered(view) ? view.timeline : undefined;
};

/** By itself, and by whoever had an answer from it as a primary. */
const timelinesSeen = (facts: EndpointFacts, member: string): number[] =>
  [timelineOf(facts, member), ...facts.observations.map(({ sights }) => sights[member]?.good?.timeline)].filter(
    (timeline) => timeline !== undefined,
  );

const isLeftBehind = (members: EndpointFacts['members'], member: string): boolean =>
  Object.values(members).some((other) => isFormer(members[member], other));

/** Other members of which nobody knows whether they have become the primary meanwhile. */
export const unknownBeside = (
  { terms, members }: Pick<EndpointFacts, 'terms' | 'members'>,
  primary: string,
): string[] =>
  Object.keys(terms.members).filter((member) => {
    const view = members[member];
    return member !== primary && (!answered(view) || view.state === 'silent');
  });

/** For a person, of two members that both run as a primary. */
export const rivalCautions = (facts: EndpointFacts, primary: string): string[] =>
  primariesBeside(facts, primary).map((member) =>
    isLeftBehind(facts.members, member)
      ? `${member} still runs as a primary, on a timeline that the others have left: \`evenkeel run rejoin-standby --endpoint ${facts.terms.endpoint} --member ${member}\``
      : `${member} says that it is a primary too: no forwarder is sent anywhere before one of them is stopped`,
  );
