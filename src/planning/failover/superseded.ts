import type { ArmedTerms } from '../../contract/armed';
import type { MemberView } from '../../contract/capabilities/role';
import type { RouteView } from '../../contract/capabilities/traffic';
import { majorityOf } from './verdict';

/** A member that runs as a primary, and what others answered by now. */
export interface OthersSaid {
  address: string;
  port: number;
  /** Of the newest order that made it the primary, or left it one; 0 where there was none. */
  ordered: number;
  /** The epoch that its host knows now: an observer or a forwarder there is given orders too, which say nothing to it. */
  heard: number;
  /** Left out where its disk does not tell. */
  systemId?: string;
  timeline?: number;
  /** So many forwarders and other hosts there are; beside, what those that answered said. */
  forwarders: number;
  routes: RouteView[];
  others: number;
  epochs: number[];
  /** What the other members say of themselves. */
  members: MemberView[];
}

/** The same of one that came back. */
export interface ReturnFacts extends OthersSaid {
  /** The epoch up to which its host knew, when its agent started, what became of it: see `knownOf`. */
  knownAtStart: number;
}

/**
 * A host that observes as well was given an armed plan, whose epoch moves nothing until it is used: when the plan is to replace
 * this very member, that may have happened while it was away. It knows no more than the routes from which the plan was made.
 */
export const knownOf = (member: string, known: number, plan?: ArmedTerms): number =>
  plan?.primary === member && plan.epoch === known ? Math.max(0, ...Object.values(plan.from)) : known;

export type ReturnDecision =
  { does: 'serve'; why: string } | { does: 'fence'; epoch: number; why: string } | { does: 'ask'; why: string };

/**
 * Was it replaced while it was away? Armed plans and runs that were undone raise the epoch and move nothing: it is fenced
 * only on the word of a forwarder that leads elsewhere, of all that they are closed to it, or of a primary on a later
 * timeline. While too few have answered to rule that out, others are asked again.
 */
export function judgeReturn(facts: ReturnFacts): ReturnDecision {
  const { knownAtStart, ordered, heard, routes, epochs } = facts;
  const own = ownOf(facts);
  const epoch = Math.max(heard, ...epochs, ...routes.map((route) => route.epoch));
  if (ordered > knownAtStart && ordered >= epoch) return { does: 'serve', why: 'an order has come meanwhile' };
  const [newest] = routes.toSorted(newestFirst);
  const proof =
    epoch > own ? (byRoute(facts, newest) ?? (allLeadHere(facts) ? undefined : byTimeline(facts))) : undefined;
  if (proof !== undefined)
    return { does: 'fence', epoch, why: `epoch ${epoch} was given, its own is ${own}, and ${proof}` };
  if (!enough(facts)) return { does: 'ask', why: 'too few have answered' };
  if (epoch <= own) return { does: 'serve', why: 'nobody has seen a higher epoch' };
  if (newest && leadsHere(facts, newest)) return { does: 'serve', why: 'its route leads to it' };
  return { does: 'ask', why: `epoch ${epoch} was given, its own is ${own}, and no route says what became of it` };
}

/**
 * Was it replaced while it ran on, cut off? When most of the forwarders answer, the newest of them leads elsewhere, and another
 * member is the primary on a later timeline; or it was promoted itself under the epoch of that route, unheard, before another
 * one was, and both are on a timeline of that number. Neither route nor timeline alone: epochs are raised for other reasons
 * too, a person promotes by hand while no route follows, and a promotion by accident leads nobody anywhere.
 */
export function overtakenBy(facts: OthersSaid): { epoch: number; why: string } | undefined {
  const [newest] = facts.routes.toSorted(newestFirst);
  if (!newest?.to || leadsHere(facts, newest) || !enough(facts)) return undefined;
  const proof = facts.ordered === newest.epoch ? 'it was to be promoted under that epoch first' : byTimeline(facts);
  const why = `its route leads to ${newest.to.address}:${newest.to.port} under epoch ${newest.epoch}, and ${proof}`;
  return proof === undefined ? undefined : { epoch: Math.max(facts.heard, newest.epoch), why };
}

/** What is newer was decided while it was away, or is none of an order to it. */
const ownOf = ({ knownAtStart, ordered }: ReturnFacts): number => Math.max(knownAtStart, ordered);

/** Of one epoch the open one: others are on their way there. */
const newestFirst = (a: RouteView, b: RouteView): number =>
  b.epoch - a.epoch || Number(b.to !== undefined) - Number(a.to !== undefined);

const leadsHere = ({ address, port }: OthersSaid, { to }: RouteView): boolean =>
  to?.address === address && to.port === port;

/** Whoever was promoted beside it, by accident, serves nobody. */
const allLeadHere = (facts: OthersSaid): boolean =>
  facts.forwarders > 0 &&
  facts.routes.length >= facts.forwarders &&
  facts.routes.every((route) => leadsHere(facts, route));

/** Where there is no forwarder, the other hosts are asked in their place. */
const enough = ({ forwarders, routes, others, epochs }: OthersSaid): boolean =>
  forwarders > 0 ? routes.length >= majorityOf(forwarders) : epochs.length >= majorityOf(others);

function byRoute(facts: ReturnFacts, newest?: RouteView): string | undefined {
  if (!newest || newest.epoch <= ownOf(facts) || leadsHere(facts, newest)) return undefined;
  if (newest.to) return `its route leads to ${newest.to.address}:${newest.to.port}`;
  return isClosedTo(facts) ? 'every route is closed to it' : undefined;
}

/** One that left the endpoint on purpose is closed to it as well: that alone says nothing, while another one may lead here. */
const isClosedTo = ({ address, routes, forwarders }: OthersSaid): boolean =>
  routes.length >= forwarders && routes.every(({ to, rejected }) => to === undefined && rejected.includes(address));

function byTimeline({ systemId, timeline, members }: OthersSaid): string | undefined {
  if (systemId === undefined || timeline === undefined) return undefined;
  const later = members.find(
    (view) => view.state === 'primary' && view.systemId === systemId && (view.timeline ?? 0) > timeline,
  );
  return later && `${later.member} is the primary on timeline ${later.timeline}, after its own ${timeline}`;
}
