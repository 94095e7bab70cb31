import { existsSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import type { RouteView } from '../../contract/capabilities/traffic';
import type { CapabilityOf, Host } from '../host';
import { isStandby } from './dataFiles';
import { readMark } from './marks';
import { dataOf, placesOf, type Place } from './place';

/** A member that was fenced at the start of its agent, and why. */
export interface Superseded {
  endpoint: string;
  epoch: number;
  why: string;
}

/**
 * Born closed: a host that comes back must not serve what was given to another while it was away. To be called when the
 * agent starts. A primary is fenced when observers or forwarders have seen a higher epoch of the endpoint than this host,
 * unless the newest route still leads to it: a run that was undone raises the epoch as well. Nobody is waited for longer
 * than `patienceMs`; who does not answer says nothing.
 */
export async function fenceSuperseded(
  host: Host,
  role: Pick<CapabilityOf<'role'>, 'fence'>,
  patienceMs = 1_500,
): Promise<Superseded[]> {
  const fenced: Superseded[] = [];
  for (const place of placesOf(host)) {
    if (!existsSync(place.member.data)) continue; // not made yet: nothing of it can serve
    if (readMark(place) || isStandby(dataOf(place))) continue;
    const found = await supersededBy(place, patienceMs);
    if (!found) continue;
    host.log('superseded while it was away: it is fenced', { ...found });
    const lease = { target: place.endpoint, epoch: found.epoch };
    await role.fence({ endpoint: place.endpoint, lease, deadlineMs: 5_000 });
    fenced.push(found);
  }
  return fenced;
}

async function supersededBy(place: Place, patienceMs: number): Promise<Superseded | undefined> {
  const { host, entry, endpoint } = place;
  const forwarders = Object.values(entry.forwarders).map((forwarder) => forwarder.host);
  const others = [...new Set([...entry.observers, ...forwarders])].filter((name) => name !== host.name);
  const epochOn = async (name: string) => (await host.peer(name, 'host').epochs({})).epochs[endpoint] ?? 0;
  const routeOn = (name: string) => host.peer(name, 'traffic').routes({ endpoint });
  const [own, epochs, routes] = await Promise.all([
    answered(host, [host.name], epochOn, patienceMs),
    answered(host, others, epochOn, patienceMs),
    answered(host, forwarders, routeOn, patienceMs),
  ]);
  const known = own[0] ?? 0;
  const newest = routes.reduce<RouteView | undefined>((a, b) => (a && a.epoch >= b.epoch ? a : b), undefined);
  const epoch = Math.max(0, ...epochs, newest?.epoch ?? 0);
  if (epoch <= known) return undefined;
  const to = newest?.state === 'open' ? newest.to : undefined;
  if (to && to.address === place.member.address && to.port === place.member.port) return undefined;
  const where = to ? `its route leads to ${to.address}:${to.port}` : 'its route leads to nobody that is known here';
  return { endpoint, epoch, why: `others have seen epoch ${epoch}, this host ${known}, and ${where}` };
}

/** What is answered in time; who does not, is in the log. */
async function answered<T>(
  host: Host,
  names: readonly string[],
  ask: (name: string) => Promise<T>,
  patienceMs: number,
): Promise<T[]> {
  const late = new AbortController();
  const answers = names.map((name) =>
    Promise.race([
      ask(name).then((answer) => [answer]),
      pause<T[]>(patienceMs, [], { signal: late.signal, ref: false }),
    ]).catch((error: unknown): T[] => {
      host.log('not asked at the start', { peer: name, why: String(error) });
      return [];
    }),
  );
  const all = await Promise.all(answers);
  late.abort();
  return all.flat();
}
