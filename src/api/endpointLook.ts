import type { AgentClient } from '../agent/client';
import { Asking } from '../activities/asking';
import { termsOf } from '../activities/endpoints';
import { Refusal } from '../contract/errors';
import type { Fleet } from '../contract/fleet';
import { answered, memberAt, type EndpointFacts, type EndpointTerms } from '../planning/failover/facts';
import { hangSentence, planGuard, wouldDo, type GuardPlan } from '../planning/failover/guard';
import type { Rails } from '../planning/rails';
import type { EndpointView } from './endpointView';

/** What the agents of an endpoint tell of it now. */
export async function endpointView(
  fleet: Fleet,
  agent: (host: string) => AgentClient,
  endpoint: string,
): Promise<Omit<EndpointView, 'guard' | 'last'>> {
  const facts = await askedOf(termsOf(fleet, endpoint), agent);
  const { terms } = facts;
  const { name, port, autonomy, maintenance } = terms;
  return {
    ...{ endpoint, name, port, autonomy },
    ...(maintenance !== false && { maintenance }),
    ...toldBy(facts, fleet.limits),
    members: membersOf(facts),
    forwarders: forwardersOf(facts),
  };
}

async function askedOf(terms: EndpointTerms, agent: (host: string) => AgentClient): Promise<EndpointFacts> {
  const { endpoint } = terms;
  const facts: EndpointFacts = { terms, nowMs: Date.now(), members: {}, routes: {}, observations: [], heard: [] };
  const asked = new Asking();
  for (const { host } of terms.observers)
    asked.put(host, agent(host).watch.look({ target: endpoint, after: -1, waitMs: 0 }), (seen) => {
      if (answered(seen)) facts.observations.push(seen);
    });
  for (const [member, { host }] of Object.entries(terms.members))
    asked.put(host, agent(host).role.status({ endpoint, deadlineMs: 1_000 }), (view) => {
      facts.members[member] = view;
      if (answered(view)) facts.heard.push(host);
    });
  for (const [forwarder, { host }] of Object.entries(terms.forwarders))
    asked.put(host, agent(host).traffic.routes({ endpoint }), (route) => {
      facts.routes[forwarder] = route;
    });
  await asked.answers(() => false);
  return facts;
}

/** What the observers say, and what a guard would do about it; without a primary nobody can be voted on. */
function toldBy(
  facts: EndpointFacts,
  rails: Rails,
): Pick<EndpointView, 'primary' | 'verdict' | 'says' | 'observers' | 'cautions' | 'does'> {
  const { terms, observations } = facts;
  let plan: GuardPlan;
  try {
    plan = planGuard(facts, rails);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const observers = terms.observers.map(({ host, zone }) => ({
      ...{ observer: host, vote: 'abstains' as const },
      saw: observations.some(({ observer }) => observer === host)
        ? 'nobody tells which is the primary'
        : 'does not answer itself',
      ...(zone !== undefined && { zone }),
    }));
    return { observers, cautions: [error.message], does: 'nothing: nobody tells which is the primary' };
  }
  const { primary, judgement, cautions } = plan;
  // Nothing fails over for it, and nobody who reads this would call it well.
  const [verdict, says] = plan.hangs
    ? ['commits hang', hangSentence(primary)]
    : [judgement.verdict, judgement.sentence];
  return {
    ...{ primary, verdict, says, cautions, does: wouldDo(plan) },
    observers: judgement.votes.map(({ observer, zone, vote, saw }) => ({
      ...{ observer, vote, saw },
      ...(zone !== undefined && { zone }),
    })),
  };
}

function membersOf({ terms, members }: EndpointFacts): EndpointView['members'] {
  const standbys = Object.values(members).flatMap((view) =>
    answered(view) && view.state === 'primary' ? (view.standbys ?? []) : [],
  );
  return Object.entries(terms.members).map(([member, { host, zone }]) => {
    const view = members[member];
    const seen = standbys.find((one) => one.member === member);
    return {
      ...{ member, host },
      ...(zone !== undefined && { zone }),
      ...(answered(view) && { state: view.state }),
      ...(answered(view) && view.timeline !== undefined && { timeline: view.timeline }),
      ...(seen && { sync: seen.sync, streaming: seen.streaming, lagBytes: seen.lagBytes }),
      ...silenceOf(view),
    };
  });
}

const forwardersOf = ({ terms, routes }: EndpointFacts): EndpointView['forwarders'] =>
  Object.entries(terms.forwarders).map(([forwarder, { host, zone }]) => {
    const route = routes[forwarder];
    return {
      ...{ forwarder, host },
      ...(zone !== undefined && { zone }),
      ...(answered(route) && { state: route.state, epoch: route.epoch }),
      ...(answered(route) && route.to && { to: memberAt(terms, route.to.address) ?? route.to.address }),
      ...silenceOf(route),
    };
  });

/** Why something that was asked did not answer. */
export const silenceOf = (asked: object | undefined): { silent?: string } =>
  asked && 'silent' in asked ? { silent: String(asked.silent) } : {};
