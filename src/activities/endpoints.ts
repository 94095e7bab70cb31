import { Refusal } from '../contract/errors';
import type { Fleet } from '../contract/fleet';
import { answered, type EndpointFacts, type EndpointTerms } from '../planning/failover/facts';
import type { Rails } from '../planning/rails';
import { meant } from '../fleet/nearest';
import type { Hands } from '.';
import { Asking, patience } from './asking';
import { beating } from './supervise';

/** An endpoint, the rails that hold for every run, and the highest epoch that any of its hosts has seen for it. */
export interface Survey {
  facts: EndpointFacts;
  rails: Rails;
  epoch: number;
}

export const endpointActivities = ({ fleet, agent }: Hands) => ({
  /** Asks the observers, members and forwarders of an endpoint, all at once. Those that do not answer are named, and not waited for long. */
  async surveyEndpoint({ endpoint }: { endpoint: string }): Promise<Survey> {
    const now = fleet.checked();
    const terms = termsOf(now, endpoint);
    return beating(terms.name, `Look at ${endpoint}`, async () => {
      const asked = new Asking();
      const survey: Omit<EndpointFacts, 'nowMs'> = { terms, members: {}, routes: {}, observations: [] };
      let epoch = 0;
      for (const { host } of terms.observers)
        asked.put(agent(host).watch.look({ target: endpoint, after: -1, waitMs: 0 }), (seen) => {
          if (!('silent' in seen)) survey.observations.push(seen);
        });
      for (const [member, { host }] of Object.entries(terms.members))
        asked.put(agent(host).role.status({ endpoint, deadlineMs: patience.shortMs }), (view) => {
          survey.members[member] = view;
        });
      for (const [forwarder, { host }] of Object.entries(terms.forwarders))
        asked.put(agent(host).traffic.routes({ endpoint }), (route) => {
          survey.routes[forwarder] = route;
          if (answered(route)) epoch = Math.max(epoch, route.epoch);
        });
      for (const host of hostsOf(terms))
        asked.put(agent(host).host.epochs({}), (known) => {
          if (answered(known)) epoch = Math.max(epoch, known.epochs[endpoint] ?? 0);
        });
      await asked.answers(() => enough(survey));
      return { facts: { ...survey, nowMs: Date.now() }, rails: now.limits, epoch };
    });
  },
});

/** What no failover can do without: a standby, a forwarder, and as many observers as can outvote the others. */
function enough({ terms, members, routes, observations }: Omit<EndpointFacts, 'nowMs'>): boolean {
  return (
    Object.values(members).some((view) => answered(view) && view.state === 'standby') &&
    Object.values(routes).some((route) => answered(route)) &&
    observations.length * 2 > terms.observers.length
  );
}

const hostsOf = ({ members, forwarders, observers }: EndpointTerms): Set<string> =>
  new Set([...Object.values(members), ...Object.values(forwarders), ...observers].map(({ host }) => host));

/** What workflows may know of an endpoint: no password, and no path. */
export function termsOf({ endpoints, hosts }: Fleet, endpoint: string): EndpointTerms {
  const entry = Object.hasOwn(endpoints, endpoint) ? endpoints[endpoint] : undefined;
  if (!entry) throw new Refusal('UnknownEndpoint', { name: endpoint, near: meant(endpoint, Object.keys(endpoints)) });
  const placed = (host: string) => {
    const zone = hosts[host]?.zone;
    return { host, ...(zone !== undefined && { zone }) };
  };
  const { name, port, autonomy, coolDown, maintenance, fence, mostLag, armed, probe } = entry;
  return {
    ...{ endpoint, name, port, autonomy, coolDown, maintenance, fence, mostLag, probe },
    ...(armed && { armed }),
    members: eachOf(entry.members, ({ host, address, port: at, candidate, powerOff }) => ({
      ...placed(host),
      address,
      port: at,
      candidate,
      powered: powerOff !== undefined,
    })),
    forwarders: eachOf(entry.forwarders, ({ host, address, pooler }) => ({
      ...placed(host),
      address,
      pooled: pooler !== undefined,
    })),
    observers: entry.observers.map(placed),
    dns: entry.dns !== undefined,
  };
}

const eachOf = <V, W>(of: Record<string, V>, as: (value: V) => W): Record<string, W> =>
  Object.fromEntries(Object.entries(of).map(([name, value]) => [name, as(value)]));
