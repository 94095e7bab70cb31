import { answered, isFormer, type EndpointFacts } from './facts';

/** Members that say beside this one that they are a primary, and may be the newer one. */
export const rivalsOf = ({ members }: EndpointFacts, primary: string): string[] =>
  Object.keys(members).filter((member) => {
    const view = members[member];
    return member !== primary && answered(view) && view.state === 'primary' && !isLeftBehind(members, member);
  });

const isLeftBehind = (members: EndpointFacts['members'], member: string): boolean =>
  Object.values(members).some((other) => isFormer(members[member], other));

/** Other members of which nobody knows whether they have become the primary meanwhile. */
export const unknownBeside = ({ terms, members }: EndpointFacts, primary: string): string[] =>
  Object.keys(terms.members).filter((member) => {
    const view = members[member];
    return member !== primary && (!answered(view) || view.state === 'silent');
  });

/** For a person, of two members that both run as a primary. */
export function rivalCautions(facts: EndpointFacts, primary: string): string[] {
  const { terms, members } = facts;
  const rivals = rivalsOf(facts, primary);
  return Object.keys(members).flatMap((member) => {
    if (rivals.includes(member))
      return [`${member} says that it is a primary too: no forwarder is sent anywhere before one of them is stopped`];
    return member !== primary && isLeftBehind(members, member)
      ? [
          `${member} still runs as a primary, on a timeline that the others have left: \`evenkeel run rejoin-standby --endpoint ${terms.endpoint} --member ${member}\``,
        ]
      : [];
  });
}
