import type { HolderView } from '../contract/capabilities/traffic';
import type { ProxiesEntry } from '../contract/endpoints';
import { Refusal } from '../contract/errors';
import type { Fleet } from '../contract/fleet';
import type { Deed, Observation } from '../contract/sights';
import type { FleetFile } from '../fleet/live';
import { meant } from '../fleet/nearest';
import { answered } from '../planning/failover/facts';
import { isDown, isWell, leaseOfNode, type PairFacts, type PairTerms } from '../planning/failover/proxies';
import type { Rails } from '../planning/rails';
import type { Hands } from '.';
import { Asking } from './asking';
import { Listening, pollMs } from './listening';
import { awaiting, beating } from './supervise';

/** So long an agent waits for news before it says that there is none, ms: with that answer goes who has which address. */
const listenMs = 700;
/** For so long an address may be on its way: longer, and nobody has it, ms. */
const movingMs = 3_000;
/** A proxy that is started has this long to answer, ms. */
const downMs = 5_000;
/** Nothing was done for so long: the run may begin its history anew, ms. */
const quietMs = 3_600_000;

type Told = { deeds: Deed[]; holders: HolderView[] };

export interface Listened {
  terms: PairTerms;
  /** By host: the number of the last deed that the run has heard of. */
  after: Record<string, number>;
  /** Nodes of which the run knows that nobody has their address. */
  known: string[];
}

/** What agents did by themselves, by host. */
export interface Heard {
  host: string;
  deeds: Deed[];
}

export interface PairSurvey extends FleetFile {
  facts: PairFacts;
  rails: Rails;
  /** By node: the highest epoch that any host has seen for its address. */
  epochs: Record<string, number>;
}

export const proxyActivities = ({ fleet, agent }: Hands) => ({
  /** Asks both hosts of a pair who holds which address, what they see, and what they did. `begins` as for an endpoint. */
  async surveyPair({ pair, begins = false }: { pair: string; begins?: boolean }): Promise<PairSurvey> {
    const { now, ...file } = fleet.forLook(begins);
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
      // Nobody waits for this look: clients were redirected before it. So both hosts have their time.
      await asked.answers(() => Object.keys(terms.nodes).every((name) => answered(facts.holders[name])));
      const place = Object.values(terms.nodes).map(({ host }) => host);
      facts.observations.sort((a, b) => place.indexOf(a.observer) - place.indexOf(b.observer));
      facts.deeds.sort((a, b) => a.atMs - b.atMs);
      return { facts: { ...facts, epochs, nowMs: Date.now() }, rails: now.limits, epochs, ...file };
    });
  },

  /**
   * What the agents of a pair did by themselves since the run last heard of it, as soon as there is something. Ends too when
   * nobody has an address for a while, of which the run does not know yet; and after an hour with nothing.
   */
  async awaitDeeds({ terms, after, known }: Listened): Promise<Heard[]> {
    const { pair, nodes } = terms;
    return awaiting(pair, `Listen to the agents of ${pair}`, async (signal) => {
      const agents = new Listening<Told>(signal, async (host) => {
        const { deeds } = await agent(host).watch.deeds({ target: pair, after: after[host] ?? 0, waitMs: listenMs });
        return { deeds, ...(await agent(host).traffic.holders({ pair })) };
      });
      const begun = Date.now();
      let nobodySince: number | undefined;
      const hosts = Object.values(nodes).map(({ host }) => host);
      const heard = await agents.until(hosts, (said) => {
        const news = [...said]
          .filter(([, { deeds }]) => deeds.length > 0)
          .map(([host, { deeds }]) => ({ host, deeds }));
        const held = new Set(
          [...said.values()].flatMap(({ holders }) => holders.filter((one) => one.held)).map(({ node }) => node),
        );
        const nobody =
          said.size === hosts.length && Object.keys(nodes).some((node) => !held.has(node) && !known.includes(node));
        const now = Date.now();
        nobodySince = nobody ? (nobodySince ?? now) : undefined;
        const lasts = nobodySince !== undefined && now - nobodySince > movingMs;
        return news.length > 0 || lasts || now - begun > quietMs ? news : undefined;
      });
      return heard ?? [];
    });
  },

  /** Until the proxy of a node has answered everybody for so long; or false when nobody has heard it for a while. */
  async awaitWellProxy({ terms, node, wellMs }: { terms: PairTerms; node: string; wellMs: number }): Promise<boolean> {
    return awaiting(node, `Wait until the proxy of ${node} is well`, async (signal) => {
      const observers = new Listening<Observation>(signal, (host, last) =>
        agent(host).watch.look({ target: terms.pair, after: last?.revision ?? -1, waitMs: pollMs }),
      );
      let since: { well?: number; down?: number } = {};
      const outcome = await observers.until(
        Object.values(terms.nodes).map(({ host }) => host),
        (said) => {
          const facts: PairFacts = { terms, nowMs: 0, holders: {}, deeds: [], observations: [...said.values()] };
          const everybody = said.size === Object.keys(terms.nodes).length;
          const now = Date.now();
          if (everybody && isWell(facts, node)) since = { well: since.well ?? now };
          else since = isDown(facts, node) ? { down: since.down ?? now } : {};
          if (since.well !== undefined && now - since.well >= wellMs) return 'well';
          return since.down !== undefined && now - since.down >= downMs ? 'down' : undefined;
        },
      );
      return outcome === 'well';
    });
  },
});

export function pairTermsOf({ proxies, hosts }: Fleet, pair: string): PairTerms {
  const entry: ProxiesEntry | undefined = Object.hasOwn(proxies, pair) ? proxies[pair] : undefined;
  if (!entry) throw new Refusal('UnknownProxies', { name: pair, near: meant(pair, Object.keys(proxies)) });
  const { autonomy, coolDown, maintenance, by, probe } = entry;
  const nodes = Object.entries(entry.nodes).map(([node, { host, address, port, start }]) => {
    const zone = hosts[host]?.zone;
    return [
      node,
      { host, address, port, startable: start !== undefined, ...(zone !== undefined && { zone }) },
    ] as const;
  });
  return {
    pair,
    rules: 2,
    misses: probe.misses,
    autonomy,
    coolDown,
    maintenance,
    by,
    nodes: Object.fromEntries(nodes),
  };
}
