import type { ProxiesEntry } from '../contract/endpoints';
import { Refusal } from '../contract/errors';
import type { Fleet } from '../contract/fleet';
import type { Observation } from '../contract/sights';
import { meant } from '../fleet/nearest';
import { answered } from '../planning/failover/facts';
import { isWell, leaseOfNode, type PairFacts, type PairTerms } from '../planning/failover/proxies';
import type { Rails } from '../planning/rails';
import type { Hands } from '.';
import { Asking } from './asking';
import { Listening, pollMs } from './listening';
import { awaiting, beating } from './supervise';

export interface PairSurvey {
  facts: PairFacts;
  rails: Rails;
  /** By node: the highest epoch that any host has seen for its address. */
  epochs: Record<string, number>;
}

export const proxyActivities = ({ fleet, agent }: Hands) => ({
  /** Asks both hosts of a pair who holds which address, what they see, and what they did. */
  async surveyPair({ pair }: { pair: string }): Promise<PairSurvey> {
    const now = fleet.checked();
    const terms = pairTermsOf(now, pair);
    return beating(pair, `Look at ${pair}`, async () => {
      const asked = new Asking();
      const facts: PairFacts = { terms, nowMs: 0, holders: {}, observations: [], deeds: [] };
      const epochs: Record<string, number> = {};
      const seen = (node: string, epoch: number) => (epochs[node] = Math.max(epochs[node] ?? 0, epoch));
      for (const [name, { host }] of Object.entries(terms.nodes)) {
        asked.put(host, agent(host).traffic.holders({ pair }), (view) => {
          facts.holders[name] = view;
          if (answered(view)) for (const { node, epoch } of view.holders) seen(node, epoch);
        });
        asked.put(host, agent(host).watch.look({ target: pair, after: -1, waitMs: 0 }), (view) => {
          if (!('silent' in view)) facts.observations.push(view);
        });
        asked.put(host, agent(host).watch.deeds({ target: pair, after: 0, waitMs: 0 }), (view) => {
          if (answered(view)) facts.deeds.push(...view.deeds);
        });
        asked.put(host, agent(host).host.epochs({}), (view) => {
          if (answered(view))
            for (const node of Object.keys(terms.nodes)) seen(node, view.epochs[leaseOfNode(pair, node)] ?? 0);
        });
      }
      await asked.answers(() => Object.values(facts.holders).some((view) => answered(view)));
      facts.deeds.sort((a, b) => a.atMs - b.atMs);
      return { facts: { ...facts, nowMs: Date.now() }, rails: now.limits, epochs };
    });
  },

  /** Until the proxy of a node has answered everybody for so long. */
  async awaitWellProxy({ terms, node, wellMs }: { terms: PairTerms; node: string; wellMs: number }): Promise<void> {
    await awaiting(node, `Wait until the proxy of ${node} is well`, async (signal) => {
      const observers = new Listening<Observation>(signal, (host, last) =>
        agent(host).watch.look({ target: terms.pair, after: last?.revision ?? -1, waitMs: pollMs }),
      );
      let since: number | undefined;
      await observers.until(
        Object.values(terms.nodes).map(({ host }) => host),
        (said) => {
          const facts: PairFacts = { terms, nowMs: 0, holders: {}, deeds: [], observations: [...said.values()] };
          const everybody = said.size === Object.keys(terms.nodes).length;
          if (!everybody || !isWell(facts, node)) since = undefined;
          else since ??= Date.now();
          return since !== undefined && Date.now() - since >= wellMs ? true : undefined;
        },
      );
    });
  },
});

function pairTermsOf({ proxies, hosts }: Fleet, pair: string): PairTerms {
  const entry: ProxiesEntry | undefined = Object.hasOwn(proxies, pair) ? proxies[pair] : undefined;
  if (!entry) throw new Refusal('UnknownProxies', { name: pair, near: meant(pair, Object.keys(proxies)) });
  const { autonomy, coolDown, maintenance, by } = entry;
  const nodes = Object.entries(entry.nodes).map(([node, { host, address, port, start }]) => {
    const zone = hosts[host]?.zone;
    return [
      node,
      { host, address, port, startable: start !== undefined, ...(zone !== undefined && { zone }) },
    ] as const;
  });
  return { pair, autonomy, coolDown, maintenance, by, nodes: Object.fromEntries(nodes) };
}
