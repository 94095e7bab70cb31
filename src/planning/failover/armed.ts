import type { ArmedPlan, ArmedTerms } from '../../contract/armed';
import type { Observation } from '../../contract/sights';
import { barredBy, type Rails } from '../rails';
import { chooseCandidates, lastGood, type Candidate } from './candidates';
import { answered, changedHosts, memberAt, type EndpointFacts, type EndpointTerms } from './facts';
import { judgeObservations } from './plan';
import type { Judgement } from './verdict';

/** What a plan would say; its epoch is reserved afterwards. */
export type ArmedDraft = Omit<ArmedTerms, 'epoch'>;

/** The state of synchronous replication must have been seen so shortly before the primary fell silent, ms. */
const freshMs = 2_000;

/**
 * A plan for the agents, or why there is none. It is made only while everything is well and a failover would lose nothing: all
 * forwarders lead to the primary, and every commit waits for a standby that may take over. A run would be stopped by the rails;
 * so are the agents.
 */
export function planArmed(
  facts: EndpointFacts,
  rails: Rails,
  primary: string,
  notBeforeMs: number,
): { draft: ArmedDraft } | { not: string } {
  const { terms, routes } = facts;
  const { armed, autonomy, maintenance, observers } = terms;
  if (!armed) return { not: 'the fleet file does not arm it' };
  if (autonomy !== 'act') return { not: `its autonomy is "${autonomy}"` };
  if (maintenance !== false) return { not: `it is in maintenance: ${maintenance}` };
  const barred = barredBy(rails, changedHosts(terms));
  if (barred !== undefined) return { not: barred };
  if (judgeObservations(terms, primary, facts.observations).down > 0) return { not: 'an observer misses the primary' };
  const from: Record<string, number> = {};
  for (const forwarder of Object.keys(terms.forwarders)) {
    const route = routes[forwarder];
    if (!answered(route)) return { not: `forwarder ${forwarder} does not answer` };
    if (!route.to || memberAt(terms, route.to.address) !== primary)
      return { not: `forwarder ${forwarder} does not forward to ${primary}` };
    from[forwarder] = route.epoch;
  }
  const { candidates, lossless } = chooseCandidates(facts, primary);
  const synchronous = candidates.filter((one) => one.synchronous).map(({ member }) => member);
  if (!lossless || synchronous.length === 0) return { not: 'not every commit waits for a standby that may take over' };
  const { endpoint } = terms;
  const named = { endpoint, from, primary, candidates: synchronous.toSorted(), observers };
  return { draft: { ...named, afterMs: armed.after, notBeforeMs } };
}

/** The same plan is renewed under its epoch; another one gets an epoch of its own. */
export const isSameDraft = (a: ArmedDraft | undefined, b: ArmedDraft): boolean =>
  a !== undefined && canonical(a) === canonical({ ...b });

/** The text that is signed: the same plan, the same text, whoever wrote its fields in whatever order. */
export const armedText = ({ signature: _, certificate: _certificate, ...plan }: ArmedPlan): string =>
  `evenkeel armed plan 1\n${canonical(plan)}`;

function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, field]) => field !== undefined);
  entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${entries.map(([key, field]) => `${JSON.stringify(key)}:${canonical(field)}`).join(',')}}`;
}

/** What an agent knows when its own sight of the primary is gone. */
export interface ArmedFacts {
  plan: ArmedPlan;
  /** The endpoint as its own fleet file says; members and routes as they answered, observations of those that did. */
  facts: EndpointFacts;
  /** Of its own fleet file. */
  rails: Rails;
  /** When the agents last failed it over by themselves, ms since the epoch of Unix. */
  movedAtMs?: number;
}

/** `waits`: nothing is to be done (yet); `refused`: it would be time, and something forbids it. */
export type ArmedDecision =
  | { does: 'wait'; why: string }
  | { does: 'refused'; why: string }
  | { does: 'act'; judgement: Judgement; candidates: Candidate[]; sealed: boolean };

/** May the plan be used now? Pure, and stricter than a workflow: nobody is there who could be asked. */
export function decideArmed({ plan, facts, rails, movedAtMs }: ArmedFacts): ArmedDecision {
  const { terms, nowMs, routes } = facts;
  const judgement = judgeArmed(plan, terms, facts.observations);
  if (!judgement.majority) return { does: 'wait', why: judgement.sentence };
  for (const [forwarder, epoch] of Object.entries(plan.from)) {
    const route = routes[forwarder];
    if (answered(route) && (route.epoch !== epoch || route.state !== 'open'))
      return { does: 'wait', why: `somebody has changed the route on ${forwarder} already` };
  }
  const why =
    forbidden(plan, terms, nowMs, movedAtMs) ??
    barredBy(rails, changedHosts(terms)) ??
    uncertain(plan, facts, judgement);
  if (why !== undefined) return { does: 'refused', why };
  const { candidates, sealed } = chooseCandidates(facts, plan.primary);
  // The others of equal reach may take its place when it fails; one that has less would lose what was acknowledged.
  const equals = candidates.filter(({ member, lsn }) => lsn === candidates[0]!.lsn && plan.candidates.includes(member));
  return { does: 'act', judgement, candidates: equals, sealed };
}

/** Judged by those whom the plan names, with the zones that it gives them, as a workflow judges. */
export const judgeArmed = (
  plan: ArmedPlan,
  { probe }: Pick<EndpointTerms, 'probe'>,
  observations: readonly Observation[],
): Judgement => judgeObservations({ observers: plan.observers, probe }, plan.primary, observations);

function forbidden(
  { expiresAtMs, notBeforeMs }: ArmedPlan,
  { armed, autonomy, maintenance, coolDown }: EndpointTerms,
  nowMs: number,
  movedAtMs = -Infinity,
): string | undefined {
  if (!armed) return 'the fleet file of this host does not arm it';
  if (autonomy !== 'act') return `its autonomy is "${autonomy}"`;
  if (maintenance !== false) return `it is in maintenance: ${maintenance}`;
  if (nowMs >= expiresAtMs) return `it expired at ${new Date(expiresAtMs).toISOString()}`;
  if (nowMs < notBeforeMs || nowMs - movedAtMs < coolDown) return 'it failed over a short while ago (cool-down)';
  return undefined;
}

function uncertain(plan: ArmedPlan, facts: EndpointFacts, { sinceMs }: Judgement): string | undefined {
  const good = lastGood(facts, plan.primary);
  if (!good || sinceMs === undefined || good.atMs < sinceMs - freshMs)
    return 'nobody saw its synchronous standbys shortly before it fell silent';
  const reached = Object.keys(plan.from).filter((forwarder) => answered(facts.routes[forwarder]));
  if (reached.length === 0) return 'no forwarder answers';
  const { candidates, excluded, lossless } = chooseCandidates(facts, plan.primary);
  const first = candidates[0];
  if (!first) return `no standby can take over: ${excluded.map(({ member, why }) => `${member}: ${why}`).join('; ')}`;
  if (!lossless) return 'not every commit waited for a standby that answers now';
  if (!plan.candidates.includes(first.member)) return `${first.member} has the most, and is not in the plan`;
  return undefined;
}
