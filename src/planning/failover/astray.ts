import type { RouteView } from '../../contract/capabilities/traffic';
import { answered, isFormer, memberAt, type EndpointFacts } from './facts';
import { rivalsOf, unknownBeside } from './rivals';

/** A forwarder that does not send clients to the primary, or to which no client is sent, and what it does instead. */
export interface Astray {
  forwarder: string;
  does: string;
}

type Seen = RouteView & { forwarder: string; leadsTo?: string };

/**
 * Forwarders that are to be sent to the primary: one that is new; one that heard nothing of a failover and still sends to
 * somebody else; one that was closed and left so, by a run or an agent that died before it opened; and one that forwards
 * while the DNS name does not say so. Whoever leaves on purpose leaves the name first and is closed then: that one stays closed.
 *
 * None where another member may be the newer primary: a zone that comes back must not be served while the one that
 * replaced it is cut off itself.
 */
export function astrayOf(facts: EndpointFacts, primary: string): Astray[] {
  const { terms, routes, members } = facts;
  if (rivalsOf(facts, primary).length > 0) return [];
  const seen = Object.entries(routes).flatMap(([forwarder, route]): Seen[] => {
    if (!answered(route)) return [];
    return [
      { ...route, forwarder, ...(route.to && { leadsTo: memberAt(terms, route.to.address) ?? route.to.address }) },
    ];
  });
  const newest = Math.max(...seen.filter(({ leadsTo }) => leadsTo === primary).map(({ epoch }) => epoch));
  const missed = ({ leadsTo = '', epoch }: Seen): string | undefined =>
    epoch <= newest || isFormer(members[leadsTo], members[primary])
      ? `still forwards to ${leadsTo} under epoch ${epoch}`
      : undefined;
  const astray = (one: Seen): string | undefined => {
    if (one.leadsTo !== undefined && one.leadsTo !== primary) return missed(one);
    if (doubtOf(facts, primary, one.forwarder) !== undefined) return undefined;
    if (one.state === 'absent') return 'forwards nothing yet';
    if (one.state === 'open') return isNamed(facts, one) === false ? `is not in ${terms.name}` : undefined;
    return isLeft(facts, primary, seen, one) ? `was closed under epoch ${one.epoch} and left so` : undefined;
  };
  return seen.flatMap((one) => {
    const does = astray(one);
    return does === undefined ? [] : [{ forwarder: one.forwarder, does }];
  });
}

/** Undefined where the name server was not asked, or says nothing. */
const isNamed = ({ terms, named }: EndpointFacts, { forwarder }: Pick<Seen, 'forwarder'>): boolean | undefined =>
  named?.includes(terms.forwarders[forwarder]!.address);

/** Nobody closed it on purpose: clients are still sent to it, or nobody forwards although the primary says that it is one. */
function isLeft(facts: EndpointFacts, primary: string, seen: readonly Seen[], one: Seen): boolean {
  const view = facts.members[primary];
  if (!answered(view) || view.state !== 'primary') return false;
  const somebodyForwards = seen.some(({ state }) => state === 'open');
  if (somebodyForwards || facts.terms.rules === undefined) return isNamed(facts, one) === true || !somebodyForwards;
  // Somebody may have promoted it past the run that closed this one, and somebody may have said no to it.
  return view.promoted === one.epoch || one.rejected.includes(facts.terms.members[primary]!.address);
}

/**
 * Why clients are sent through a forwarder only when somebody says so: a member that is silent may have taken over from the
 * primary. It cannot have where every forwarder answers, since a failover changes one at least; nor where whoever promoted the
 * primary closed this forwarder for it, and never opened it.
 */
export function doubtOf(
  { terms, routes, members }: EndpointFacts,
  primary: string,
  forwarder: string,
): string | undefined {
  const unknown = unknownBeside({ terms, members }, primary);
  if (unknown.length === 0 || Object.keys(terms.forwarders).every((each) => answered(routes[each]))) return undefined;
  const [route, view] = [routes[forwarder], members[primary]];
  const closedFor = answered(route) && route.state === 'closed' ? route.epoch : undefined;
  if (closedFor !== undefined && answered(view) && view.promoted === closedFor) return undefined;
  return `${unknown.join(' and ')} ${unknown.length > 1 ? 'are' : 'is'} silent, and may have taken over from ${primary}`;
}

/** What a person should know of the routes: those that a guard sets right, and those that it leaves alone. */
export function routeCautions(facts: EndpointFacts, primary: string, astray: readonly Astray[]): string[] {
  const { terms, routes } = facts;
  const left = Object.entries(routes).flatMap(([forwarder, route]) => {
    if (!answered(route) || astray.some((one) => one.forwarder === forwarder)) return [];
    const isUnnamed = isNamed(facts, { forwarder }) === false;
    if (route.state === 'open' && !isUnnamed) return [];
    const does = {
      open: `is not in ${terms.name}`,
      closed: `is closed under epoch ${route.epoch}`,
      absent: 'forwards nothing yet',
    }[route.state];
    const doubt = doubtOf(facts, primary, forwarder);
    if (doubt !== undefined) return [`${forwarder} ${does}, and is left alone: ${doubt}`];
    return [
      `${forwarder} ${does}: \`evenkeel run replace-forwarder --endpoint ${terms.endpoint} --by ${forwarder}\` lets it serve`,
    ];
  });
  return [...astray.map(({ forwarder, does }) => `${forwarder} ${does}`), ...left];
}
