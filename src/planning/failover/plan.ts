import { formatBytes } from '../../contract/amounts';
import { Refusal } from '../../contract/errors';
import { chooseCandidates, type Candidate, type Choice } from './candidates';
import type { Observation } from '../../contract/sights';
import { answered, primaryOf, type EndpointFacts, type EndpointTerms } from './facts';
import { promotedBeside, rivalsOf, type PromotedBeside } from './rivals';
import { judge, voteSentences, type Judgement } from './verdict';

/** What is done about an endpoint whose primary is gone. */
export interface FailoverPlan {
  endpoint: string;
  primary: string;
  judgement: Judgement;
  /** The first is promoted, the next when that fails. */
  candidates: Candidate[];
  excluded: Choice['excluded'];
  /** Standbys that may not become the primary, and follow it all the same. */
  others: { member: string; host: string }[];
  /** Forwarders that answer, with the epoch that is expected in their kernel. */
  close: { forwarder: string; host: string; from: number }[];
  /** Forwarders that do not. */
  silent: { forwarder: string; why: string }[];
  lossless: boolean;
  /** Without the one that is promoted the old primary can acknowledge nothing. */
  sealed: boolean;
  /** Somebody named the member that is to be the primary. */
  wished: boolean;
  lagBytes?: number;
  /** The host of the old primary answers nobody: its fence is not waited for long. */
  hostLost: boolean;
  /** Why somebody has to say yes, whatever the fleet file's autonomy. */
  asks: string[];
}

export interface FailoverWish {
  /** Fail over although no majority misses the primary, or it is in maintenance. */
  force: boolean;
  /** The member that is to be the primary; empty: the most advanced. */
  to: string;
}

/** An observer whose clock ran later than this cannot judge others, ms: a share of what it gives them. */
const starvedShare = 0.66;

/** What the observers of an endpoint think of its primary. */
export function judgeObservations(
  { observers, probe }: Pick<EndpointTerms, 'observers' | 'probe'>,
  primary: string,
  observations: readonly Observation[],
): Judgement {
  const starvedMs = probe.deadline * starvedShare;
  return judge({ thing: primary, observers, misses: probe.misses, starvedMs }, observations);
}

/** Decides a failover, or refuses it with the reason. */
export function planFailover(facts: EndpointFacts, wish: FailoverWish): FailoverPlan {
  const { terms } = facts;
  const { endpoint } = terms;
  if (terms.maintenance !== false && !wish.force)
    throw new Refusal('InMaintenance', { name: endpoint, why: terms.maintenance });
  const primary = theOnlyPrimary(facts);
  const judgement = judgeObservations(terms, primary, facts.observations);
  const past = terms.rules === undefined ? [] : promotedBeside(facts, primary);
  const other = wish.to !== '' && wish.to !== past[0]?.member;
  const second = [...past.map(({ member }) => member), ...rivalsOf(facts, primary)].find(
    (member) => !judgement.majority || other || past.length > 1 || past[0]?.member !== member,
  );
  if (second !== undefined)
    throw new Refusal('NoPrimary', {
      name: endpoint,
      count: 2,
      which: `${primary} by the routes, ${second} by itself`,
    });
  if (!judgement.majority && !wish.force) throw noMajority(endpoint, primary, judgement);
  const standbys = chooseCandidates(facts, primary);
  const choice = past[0] ? chooseAnew(terms, past[0], standbys) : standbys;
  const candidates = wished(choice, wish, endpoint);
  const close = Object.entries(facts.routes).flatMap(([forwarder, route]) =>
    answered(route) ? [{ forwarder, host: terms.forwarders[forwarder]!.host, from: route.epoch }] : [],
  );
  return {
    endpoint,
    primary,
    judgement,
    candidates,
    excluded: choice.excluded,
    others: standbysBeside(facts, [primary, ...candidates.map(({ member }) => member)]),
    close,
    silent: Object.entries(facts.routes).flatMap(([forwarder, route]) =>
      answered(route) ? [] : [{ forwarder, why: route.silent }],
    ),
    lossless: choice.lossless && candidates[0]!.member === choice.candidates[0]!.member,
    sealed: choice.sealed && candidates[0]!.member === choice.candidates[0]!.member,
    wished: wish.to !== '',
    ...(choice.lagBytes !== undefined && { lagBytes: choice.lagBytes }),
    hostLost: hostLost(facts, primary),
    asks: asksOf(facts, choice, judgement),
  };
}

/**
 * What a person did in an emergency is not undone: who was promoted comes first. Its own writes count in how far it is, and
 * the old primary may have gone on beside it: nobody knows what it lacks.
 */
function chooseAnew(
  { members }: EndpointTerms,
  { member, timeline, lsn }: PromotedBeside,
  { candidates, excluded }: Choice,
): Choice {
  const { host } = members[member]!;
  const promoted: Candidate = { member, host, lsn, synchronous: false, promoted: timeline };
  return {
    candidates: [promoted, ...candidates.filter((one) => one.member !== member)],
    excluded: excluded.filter((one) => one.member !== member),
    lossless: false,
    sealed: false,
  };
}

/** Those that answer as a standby, without these. */
export const standbysBeside = ({ terms, members }: EndpointFacts, without: string[]): FailoverPlan['others'] =>
  Object.entries(terms.members).flatMap(([member, { host }]) => {
    const view = members[member];
    return answered(view) && view.state === 'standby' && !without.includes(member) ? [{ member, host }] : [];
  });

function theOnlyPrimary(facts: EndpointFacts): string {
  const primary = primaryOf(facts);
  if (primary !== undefined) return primary;
  const which = Object.entries(facts.members)
    .filter(([, view]) => answered(view) && view.state === 'primary')
    .map(([member]) => member);
  throw new Refusal('NoPrimary', {
    name: facts.terms.endpoint,
    count: which.length,
    which: which.join(', ') || 'no member and no forwarder names one',
  });
}

function noMajority(name: string, member: string, { down, total, needed, votes }: Judgement): Refusal {
  const answers = votes.filter(({ vote }) => vote === 'up').length;
  return answers >= needed
    ? new Refusal('StillAlive', { name, member, answers, total })
    : new Refusal('NoMajority', { name, member, down, total, needed });
}

function wished({ candidates, excluded }: Choice, { to }: FailoverWish, name: string): Candidate[] {
  if (candidates.length === 0) {
    const why =
      excluded.map(({ member, why: reason }) => `${member}: ${reason}`).join('; ') || 'it has no other member';
    throw new Refusal('NoCandidate', { name, why });
  }
  if (to === '') return candidates;
  const first = candidates.find(({ member }) => member === to);
  if (!first) {
    const why = excluded.find(({ member }) => member === to)?.why ?? 'it is no member, or the primary itself';
    throw new Refusal('NoCandidate', { name, why: `${to}: ${why}` });
  }
  return [first, ...candidates.filter((one) => one !== first)];
}

/** Whatever the fleet file allows, a loss that nobody allowed is asked for. */
function asksOf({ terms }: EndpointFacts, { lossless, lagBytes, candidates }: Choice, judgement: Judgement): string[] {
  const asks: string[] = [];
  const { member, promoted } = candidates[0]!;
  if (promoted !== undefined)
    asks.push(`somebody promoted ${member}, and nobody knows how much of what was committed it lacks`);
  else if (!lossless && lagBytes === undefined)
    asks.push(`nobody knows how much of what was committed ${member} lacks`);
  else if (!lossless && (terms.mostLag === 0 || lagBytes! > terms.mostLag))
    asks.push(
      `${member} lacks ${formatBytes(lagBytes!)} of WAL, and ${formatBytes(terms.mostLag)} may be lost unasked`,
    );
  if (!judgement.majority) asks.push(`only ${judgement.down} of ${judgement.total} observers miss the primary`);
  return asks;
}

/** Nobody reaches anything on it, its agent included. */
const hostLost = ({ terms, members, observations, heard }: EndpointFacts, primary: string): boolean =>
  !answered(members[primary]) &&
  !heard.includes(terms.members[primary]!.host) &&
  observations.every(({ sights }) => {
    const says = sights[primary]?.says;
    return says === undefined || says === 'unreachable' || says === 'silent';
  });

/** What a yes is bound to: who is replaced by whom, not the figures that move with each look. */
export const failoverEssence = ({ endpoint, primary, candidates, lossless }: FailoverPlan): unknown => ({
  endpoint,
  primary,
  to: candidates[0]?.member,
  lossless,
  ...(candidates[0]?.promoted !== undefined && { promoted: true }),
});

export function failoverSentences(plan: FailoverPlan): string[] {
  const { endpoint, primary, judgement, candidates, excluded, close, silent, lossless, lagBytes, asks } = plan;
  const [first, ...others] = candidates;
  return [
    judgement.sentence,
    ...voteSentences(judgement),
    first!.promoted === undefined
      ? `${first!.member} on ${first!.host} becomes the primary of ${endpoint}: ${because(first!, others)}`
      : `${first!.member} on ${first!.host} is a primary already, on timeline ${first!.promoted}: somebody promoted it, and it stays the primary of ${endpoint}`,
    ...others.map(({ member, lsn }) =>
      first!.promoted === undefined
        ? `if that fails, ${member} (received up to ${lsn})`
        : `if somebody gives it up, ${member} (received up to ${lsn})`,
    ),
    ...excluded.map(({ member, why }) => `not ${member}: ${why}`),
    lossless
      ? 'nothing that was acknowledged is lost: every commit waited for a standby, and the furthest of them is known'
      : `commits may be lost: ${lagBytes === undefined ? 'nobody knows how many' : `${formatBytes(lagBytes)} of WAL at the most that is known`}`,
    `${close.map(({ forwarder }) => forwarder).join(' and ') || 'no forwarder'} forward${close.length === 1 ? 's' : ''} to it, under one new epoch`,
    ...silent.map(({ forwarder, why }) => `${forwarder} does not answer: ${why}`),
    ...asks.map((ask) => `somebody must say yes: ${ask}`),
    `${primary} is fenced first, and rejoins by \`evenkeel run rejoin-standby\``,
  ];
}

const because = ({ lsn, synchronous }: Candidate, others: readonly Candidate[]): string =>
  [
    others.length === 0
      ? `it is the only one that can; it received up to ${lsn}`
      : `it received the most, up to ${lsn}`,
    synchronous ? 'and commits waited for it' : 'and no commit waited for it',
  ].join(', ');
