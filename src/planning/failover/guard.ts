import { formatDuration } from '../../contract/amounts';
import { Refusal } from '../../contract/errors';
import { chooseCandidates } from './candidates';
import { astrayOf, routeCautions, type Astray } from './astray';
import type { Rails } from '../rails';
import { primariesBeside, rivalCautions } from './rivals';
import { planArmed, type ArmedDraft } from './armed';
import { answered, hangsSeen, primariesSeen, primaryOf, type EndpointFacts } from './facts';
import { judgeObservations } from './plan';
import type { Judgement } from './verdict';

/** An endpoint under guard: who is watched by whom, and what would stand in the way of a failover. */
export interface GuardPlan {
  endpoint: string;
  primary: string;
  /** Other members that are a primary. */
  beside: string[];
  judgement: Judgement;
  /** It answers, and its commits hang, since too few standbys stream. */
  hangs: boolean;
  /** Forwarders that answer and do not send to the primary, and what they do instead. */
  astray: Astray[];
  /** Forwarders that do not answer: whether they forward is looked at again soon. */
  silent: string[];
  autonomy: EndpointFacts['terms']['autonomy'];
  /** Until then it asks first, since it failed over a short while ago; ms since the epoch of Unix. */
  asksUntilMs?: number;
  /** What the agents may do while Temporal is down, or why they may do nothing. */
  armed: { draft: ArmedDraft } | { not: string };
  /** What has to be mended before a failover can be relied on. */
  cautions: string[];
}

/** `notBeforeMs`: the agents fail over by themselves at that time at the earliest. */
export function planGuard(facts: EndpointFacts, rails: Rails, notBeforeMs = 0): GuardPlan {
  const { terms, routes, members } = facts;
  const { endpoint } = terms;
  const primary = primaryOf(facts);
  if (primary === undefined) {
    const which = Object.entries(members).map(
      ([member, view]) => `${member}: ${answered(view) ? view.state : view.silent}`,
    );
    throw new Refusal('NoPrimary', { name: endpoint, count: 0, which: which.join(', ') });
  }
  const armed = planArmed(facts, rails, primary, notBeforeMs);
  const astray = astrayOf(facts, primary);
  return {
    ...{ endpoint, primary, autonomy: terms.autonomy },
    ...(notBeforeMs > facts.nowMs && { asksUntilMs: notBeforeMs }),
    beside: besideOf(facts, primary),
    judgement: judgeObservations(terms, primary, facts.observations),
    hangs: hangsSeen(primary, facts.observations),
    astray,
    silent: Object.keys(terms.forwarders).filter((forwarder) => !answered(routes[forwarder])),
    armed,
    cautions: [...cautionsOf(facts, primary, astray), ...unarmed(facts, armed)],
  };
}

/** As they say, or as most observers see it where the agent of one is silent. */
function besideOf(facts: EndpointFacts, primary: string): string[] {
  const seen = primariesSeen(facts.terms, facts.observations).filter((member) => member !== primary);
  return [...new Set([...primariesBeside(facts, primary), ...seen])].toSorted();
}

function cautionsOf(facts: EndpointFacts, primary: string, astray: readonly Astray[]): string[] {
  const { terms, members, routes, observations } = facts;
  const zones = new Set(terms.observers.flatMap(({ zone }) => zone ?? []));
  const { candidates, excluded, lossless } = chooseCandidates(facts, primary);
  const watching = new Set(observations.map(({ observer }) => observer));
  return [
    ...terms.observers.filter(({ host }) => !watching.has(host)).map(({ host }) => `observer ${host} does not answer`),
    ...(zones.size < 3 ? [`its observers are in ${zones.size} zones: one that fails may take a majority with it`] : []),
    ...Object.entries(routes).flatMap(([forwarder, route]) =>
      answered(route) ? [] : [`forwarder ${forwarder} does not answer: ${route.silent}`],
    ),
    ...(hangsSeen(primary, observations) ? [hangSentence(primary)] : []),
    ...rivalCautions(facts, primary),
    ...routeCautions(facts, primary, astray),
    ...(candidates.length === 0
      ? [`no standby could take over: ${excluded.map(({ member, why }) => `${member}: ${why}`).join('; ')}`]
      : lossless
        ? []
        : ['not every commit waits for a standby: a failover may lose what was acknowledged']),
    ...Object.entries(members).flatMap(([member, view]) =>
      answered(view) ? view.cautions.map((caution) => `${member}: ${caution}`) : [],
    ),
  ];
}

export const hangSentence = (primary: string): string =>
  `commits on ${primary} hang: fewer standbys stream than they wait for`;

/** Only where somebody counts on it. */
const unarmed = ({ terms }: EndpointFacts, armed: GuardPlan['armed']): string[] =>
  terms.armed && 'not' in armed ? [`it is not armed for the time when Temporal is down: ${armed.not}`] : [];

/** What each level of autonomy does when a majority misses the primary. */
const does = {
  observe: 'nothing is done, only said',
  ask: 'a failover is prepared, and waits for an approval',
  act: 'it is failed over at once',
} as const;

export function wouldDo({
  judgement,
  autonomy,
  asksUntilMs,
}: Pick<GuardPlan, 'judgement' | 'autonomy' | 'asksUntilMs'>): string {
  const cools = autonomy === 'act' && asksUntilMs !== undefined;
  const until = cools ? ` until ${new Date(asksUntilMs).toISOString()}, since it failed over a short while ago` : '';
  return `when ${judgement.needed} of ${judgement.total} miss it, ${does[cools ? 'ask' : autonomy]}${until}`;
}

export const guardSentences = (plan: GuardPlan): string[] => [
  `${plan.primary} is the primary of ${plan.endpoint}, watched by ${plan.judgement.votes.map(({ observer }) => observer).join(', ')}`,
  wouldDo(plan),
  ...('draft' in plan.armed
    ? [
        `when Temporal is down, the agents fail over to ${plan.armed.draft.candidates.join(' or ')} by themselves, ${formatDuration(plan.armed.draft.afterMs)} after a majority misses it`,
      ]
    : []),
  ...plan.astray.map(({ forwarder }) => `${forwarder} is to forward to ${plan.primary}`),
  ...plan.cautions.map((caution) => `caution: ${caution}`),
];
