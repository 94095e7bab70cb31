import type { AgentClient } from '../agent/client';
import { Asking } from '../activities/asking';
import { pairTermsOf } from '../activities/proxies';
import type { Fleet } from '../contract/fleet';
import { answered } from '../planning/failover/facts';
import { isWell, type PairFacts } from '../planning/failover/proxies';
import { silenceOf } from './endpointLook';
import type { PairView } from './endpointView';

/** What both hosts of a pair tell of it now. */
export async function pairView(
  fleet: Fleet,
  agent: (host: string) => AgentClient,
  pair: string,
): Promise<Omit<PairView, 'guard' | 'last'>> {
  const terms = pairTermsOf(fleet, pair);
  const facts: PairFacts = { terms, nowMs: Date.now(), holders: {}, observations: [], deeds: [] };
  const asked = new Asking();
  for (const [node, { host }] of Object.entries(terms.nodes)) {
    asked.put(host, agent(host).traffic.holders({ pair }), (view) => {
      facts.holders[node] = view;
    });
    asked.put(host, agent(host).watch.look({ target: pair, after: -1, waitMs: 0 }), (seen) => {
      if (answered(seen)) facts.observations.push(seen);
    });
  }
  await asked.answers(() => false);
  const { by, autonomy, maintenance } = terms;
  return {
    ...{ pair, by, autonomy, does: does[autonomy] },
    ...(maintenance !== false && { maintenance }),
    nodes: Object.keys(terms.nodes).map((node) => nodeOf(facts, node)),
  };
}

const does: Record<PairView['autonomy'], string> = {
  observe: 'nothing is done when a proxy fails, only said',
  ask: 'clients of a proxy that fails are redirected after an approval',
  act: 'the agents redirect the clients of a proxy that fails at once, by themselves',
};

function nodeOf(facts: PairFacts, node: string): PairView['nodes'][number] {
  const { terms, holders, observations } = facts;
  const { host, zone, address } = terms.nodes[node]!;
  const views = Object.entries(holders).flatMap(([at, view]) =>
    answered(view) ? view.holders.filter((one) => one.node === node).map((one) => ({ at, ...one })) : [],
  );
  return {
    ...{ node, host, address, well: isWell(facts, node) },
    ...(zone !== undefined && { zone }),
    servedBy: views.filter(({ held }) => held).map(({ at }) => at),
    epoch: Math.max(0, ...views.map(({ epoch }) => epoch)),
    seen: observations.flatMap(({ observer, sights }) => {
      const sight = sights[node];
      return sight ? [{ observer, says: sight.says, ...(sight.why !== undefined && { why: sight.why }) }] : [];
    }),
    ...silenceOf(holders[node]),
  };
}
