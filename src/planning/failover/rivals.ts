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

/** A member that somebody promoted past us: the forwarders do not lead to it yet. */
export interface PromotedBeside {
  member: string;
  timeline: number;
  lsn: string;
}

/**
 * Members that are a primary on a later timeline than this one was ever seen on, as they say themselves or as an observer sees
 * them: one that was just promoted may be too busy to tell.
 */
export function promotedBeside(facts: EndpointFacts, primary: string): PromotedBeside[] {
  const before = [own(facts, primary), ...seen(facts, primary)].map(({ timeline }) => timeline ?? 0);
  const newest = Math.max(0, ...before);
  if (newest === 0) return []; // nobody knows which of two is the newer one
  return Object.entries(facts.terms.members).flatMap(([member, { candidate }]) => {
    if (member === primary || !candidate || isStranger(facts, member)) return [];
    const [now] = [own(facts, member, 'primary'), ...seen(facts, member, 'primary')]
      .filter(({ timeline }) => timeline !== undefined && timeline > newest)
      .toSorted((a, b) => b.timeline! - a.timeline!);
    return now?.lsn === undefined ? [] : [{ member, timeline: now.timeline!, lsn: now.lsn }];
  });
}

/** Another answers, of another cluster: nobody knows which of both is the stranger. */
function isStranger({ members }: EndpointFacts, member: string): boolean {
  const view = members[member];
  if (!answered(view) || view.systemId === undefined) return false;
  return Object.values(members).some(
    (other) => answered(other) && other.systemId !== undefined && other.systemId !== view.systemId,
  );
}

type Known = { timeline?: number | undefined; lsn?: string | undefined };

function own({ members }: EndpointFacts, member: string, as?: 'primary'): Known {
  const view = members[member];
  return answered(view) && (as === undefined || view.state === as) ? view : {};
}

/** What observers last knew of it as a primary; with `as`, those that have its answers now. */
const seen = ({ observations }: EndpointFacts, member: string, as?: 'primary'): Known[] =>
  observations.flatMap(({ sights }) => {
    const { says, role, good } = sights[member] ?? {};
    return good && (as === undefined || (says === 'answers' && role === as)) ? [good] : [];
  });

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
      : `${member} says that it is a primary too: no forwarder is sent anywhere unasked before one of them is stopped`,
  );
