import { Refusal } from '../contract/errors';
import type { Deed } from '../contract/sights';
import type { Fleet } from '../contract/fleet';
import { answered, type EndpointFacts, type EndpointTerms } from '../planning/failover/facts';
import type { Rails } from '../planning/rails';
import type { FleetFile } from '../fleet/live';
import { meant } from '../fleet/nearest';
import type { Hands } from '.';
import { Asking, patience } from './asking';
import { beating } from './supervise';

/** An endpoint, the rails that hold for every run, and the highest epoch that any of its hosts has seen for it. */
export interface Survey extends FleetFile {
  facts: EndpointFacts;
  rails: Rails;
  epoch: number;
}

/** `most`: its clients wait; `some`: nobody watches meanwhile; `none`: a person or a plan wants the whole picture. */
export type Haste = 'none' | 'some' | 'most';

export interface Looking {
  endpoint: string;
  haste: Haste;
  /** It is refused while the fleet file is wrong. Left out, also by older runs: its run is under way, and a typo must not end it. */
  begins?: boolean;
}

export const endpointActivities = (hands: Hands) => ({
  /** For runs. The Keeper of a watch looks by itself: its look may outlive its activity, which must not be said to live then. */
  async surveyEndpoint(asked: Looking): Promise<Survey> {
    return beating(asked.endpoint, `Look at ${asked.endpoint}`, () => surveyOf(hands, asked));
  },
});

/**
 * Asks the observers, members and forwarders of an endpoint, all at once. Those that do not answer are named. Whoever looks
 * in a hurry waits for nobody who can be done without; whoever is in some haste does so for a moment.
 */
export async function surveyOf({ fleet, agent }: Hands, { endpoint, haste, begins = false }: Looking): Promise<Survey> {
  const { now, ...file } = fleet.forLook(begins);
  const terms = termsOf(now, endpoint);
  const asked = new Asking();
  const survey: Omit<EndpointFacts, 'nowMs'> = { terms, members: {}, routes: {}, observations: [], heard: [] };
  let epoch = 0;
  for (const { host } of terms.observers)
    asked.put(host, agent(host).watch.look({ target: endpoint, after: -1, waitMs: 0 }), (seen) => {
      if (!('silent' in seen)) survey.observations.push(seen);
    });
  for (const { host } of terms.dns && haste !== 'most' ? terms.observers : [])
    asked.put(host, agent(host).traffic.resolve({ endpoint }), (said) => {
      if (answered(said)) survey.named = said.addresses;
    });
  const deeds = { told: [] as Deed[], by: 0 };
  for (const { host } of terms.armed ? terms.observers : [])
    asked.put(host, agent(host).watch.deeds({ target: endpoint, after: 0, waitMs: 0 }), (heard) => {
      if (!answered(heard)) return;
      deeds.by++;
      deeds.told.push(...heard.deeds.filter(({ failover }) => failover).slice(-1));
    });
  for (const [member, { host }] of Object.entries(terms.members))
    asked.put(host, agent(host).role.status({ endpoint, deadlineMs: patience.shortMs }), (view) => {
      survey.members[member] = view;
    });
  for (const [forwarder, { host }] of Object.entries(terms.forwarders))
    asked.put(host, agent(host).traffic.routes({ endpoint }), (route) => {
      survey.routes[forwarder] = route;
      if (answered(route)) epoch = Math.max(epoch, route.epoch);
    });
  for (const host of hostsOf(terms))
    asked.put(host, agent(host).host.epochs({}), (known) => {
      if (!answered(known)) return;
      survey.heard.push(host);
      epoch = Math.max(epoch, known.epochs[endpoint] ?? 0);
    });
  // What the agents did must not be done again: it is waited for.
  const heardOfDeeds = () => !terms.armed || deeds.by * 2 > terms.observers.length;
  await asked.answers(
    () => haste !== 'none' && enough(survey) && heardOfDeeds(),
    (host) => haste === 'most' && outOfReach(survey, host),
    haste === 'most' ? patience.shortMs : patience.fairMs,
  );
  const facts = { ...inOrder(survey), deeds: deeds.told, nowMs: Date.now() };
  return { facts, rails: now.limits, epoch, ...file };
}

/** As in the fleet file, not as they answered: the same facts read the same. */
function inOrder(survey: Omit<EndpointFacts, 'nowMs'>): Omit<EndpointFacts, 'nowMs'> {
  const { terms, members, routes, observations } = survey;
  const place = new Map(terms.observers.map(({ host }, index) => [host, index]));
  return {
    ...survey,
    members: ordered(members, terms.members),
    routes: ordered(routes, terms.forwarders),
    observations: observations.toSorted((a, b) => (place.get(a.observer) ?? 0) - (place.get(b.observer) ?? 0)),
  };
}

const ordered = <T>(asked: Record<string, T>, as: Record<string, unknown>): Record<string, T> =>
  Object.fromEntries(Object.keys(as).flatMap((name) => (name in asked ? [[name, asked[name]!] as const] : [])));

/** What no failover can do without: a standby, a forwarder, and as many observers as can outvote the others. */
function enough({ terms, members, routes, observations }: Omit<EndpointFacts, 'nowMs'>): boolean {
  return (
    Object.values(members).some((view) => answered(view) && view.state === 'standby') &&
    Object.values(routes).some((route) => answered(route)) &&
    observations.length * 2 > terms.observers.length
  );
}

/** A majority of the observers reaches nothing of the member on it: its agent would not answer either. */
function outOfReach({ terms, observations }: Pick<EndpointFacts, 'terms' | 'observations'>, host: string): boolean {
  const [member] = Object.entries(terms.members).find(([, one]) => one.host === host) ?? [];
  if (member === undefined) return false;
  const missed = observations.filter(({ sights }) => sights[member]?.says === 'unreachable');
  return missed.length * 2 > terms.observers.length;
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
    rules: 2,
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
