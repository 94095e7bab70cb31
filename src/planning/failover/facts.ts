import type { MemberView } from '../../contract/capabilities/role';
import type { RouteView } from '../../contract/capabilities/traffic';
import type { EndpointEntry } from '../../contract/endpoints';
import type { Deed, Observation } from '../../contract/sights';

/** What the fleet file says of an endpoint, without secrets, in the form in which workflows carry it. */
export interface EndpointTerms extends Pick<
  EndpointEntry,
  'port' | 'autonomy' | 'coolDown' | 'maintenance' | 'fence' | 'mostLag' | 'armed' | 'probe'
> {
  endpoint: string;
  /** By which rules plans are made. Runs of earlier builds have none of them, and are replayed by what was so then. */
  rules?: 2;
  /** The DNS name. */
  name: string;
  /** `powered`: the power of its host can be cut. */
  members: Record<
    string,
    { host: string; zone?: string; address: string; port: number; candidate: boolean; powered: boolean }
  >;
  forwarders: Record<string, { host: string; zone?: string; address: string; pooled: boolean }>;
  observers: { host: string; zone?: string | undefined }[];
  /** Whether a DNS server is told when a forwarder leaves or joins. */
  dns: boolean;
}

/** Something that was asked, or why it did not answer. */
export type Asked<T> = T | { silent: string };
export const answered = <T extends object>(asked: Asked<T> | undefined): asked is T =>
  asked !== undefined && !('silent' in asked);

/** An endpoint at one moment. */
export interface EndpointFacts {
  terms: EndpointTerms;
  nowMs: number;
  /** Of each member. */
  members: Record<string, Asked<MemberView>>;
  /** Of each forwarder. */
  routes: Record<string, Asked<RouteView>>;
  /** Of those observers that answered. */
  observations: Observation[];
  /** What the agents did by themselves, by an armed plan; asked only where one may be armed. */
  deeds?: Deed[];
  /** Addresses that the DNS server says for the name; left out where nobody asked, or it did not answer. */
  named?: string[];
  /** Hosts whose agent answered, whatever became of the other questions. */
  heard: string[];
}

/**
 * The member to which the forwarders send under the newest epoch: one that was cut off during a failover still has an older
 * one. Of two that are served and say that they are primaries, the one on the later timeline: epochs are raised by other
 * changes too. What members say of themselves comes second: a dead one says nothing.
 */
export function primaryOf({ terms, routes, members }: EndpointFacts): string | undefined {
  const open = Object.values(routes).flatMap((route) =>
    answered(route) && route.to ? [{ ...route, to: route.to }] : [],
  );
  const newest = Math.max(...open.map(({ epoch }) => epoch));
  const votes = new Map<string, number>();
  for (const { to } of open.filter(({ epoch }) => epoch === newest)) {
    const member = memberAt(terms, to.address);
    if (member !== undefined) votes.set(member, (votes.get(member) ?? 0) + 1);
  }
  const [routed] = [...votes].sort(([, a], [, b]) => b - a).map(([member]) => member);
  if (routed !== undefined) {
    const served = new Set(open.flatMap(({ to }) => memberAt(terms, to.address) ?? []));
    return [...served].reduce((one, other) => (isFormer(members[one], members[other]) ? other : one), routed);
  }
  const closed = Object.values(routes)
    .filter(answered)
    .filter(({ state }) => state === 'closed');
  const last = closed.sort((a, b) => b.epoch - a.epoch)[0];
  const shut = last?.rejected.map((address) => memberAt(terms, address)).find((member) => member !== undefined);
  const primaries = Object.entries(members).filter(
    ([, view]) =>
      answered(view) && view.state === 'primary' && !Object.values(members).some((other) => isFormer(view, other)),
  );
  // A failover that was begun and never ended has left it closed: whom it was closed to is still the one to replace.
  return primaries.length === 1 ? primaries[0]![0] : shut;
}

/** A primary that was replaced: another member of the same cluster is, or was when it went down, on a later timeline. */
export function isFormer(view: Asked<MemberView> | undefined, other: Asked<MemberView> | undefined): boolean {
  if (!answered(view) || !answered(other) || view.state !== 'primary') return false;
  return view.systemId !== undefined && view.systemId === other.systemId && isEarlier(view.timeline, other.timeline);
}

const isEarlier = (one?: number, other?: number): boolean => one !== undefined && other !== undefined && one < other;

export const memberAt = ({ members }: EndpointTerms, address: string): string | undefined =>
  Object.keys(members).find((member) => members[member]!.address === address);

/** Hosts that a failover changes. */
export const changedHosts = ({ members, forwarders }: Pick<EndpointTerms, 'members' | 'forwarders'>): string[] =>
  [...Object.values(members), ...Object.values(forwarders)].map(({ host }) => host);

/** The primary answers, and each observer that has its answers sees its commits hang. */
export function hangsSeen(primary: string, observations: readonly Observation[]): boolean {
  const well = observations.flatMap(({ sights }) => {
    const { says, good } = sights[primary] ?? {};
    return says === 'answers' && good ? [good] : [];
  });
  return well.length > 0 && well.every(({ hangs }) => hangs === true);
}

/** The members that a majority of the observers sees as a primary: more than one where a former primary runs on. */
export function primariesSeen({ observers }: EndpointTerms, observations: readonly Observation[]): string[] {
  const votes = new Map<string, number>();
  for (const { sights } of observations)
    for (const [member, { role, says }] of Object.entries(sights))
      if (role === 'primary' && says === 'answers') votes.set(member, (votes.get(member) ?? 0) + 1);
  return [...votes].filter(([, count]) => count * 2 > observers.length).map(([member]) => member);
}
