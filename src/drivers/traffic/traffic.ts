import { Refusal, type ErrorCode } from '../../contract/errors';
import { meant } from '../../fleet/nearest';
import type { CapabilityOf, Host, Running } from '../host';
import { free } from './free';
import type { Ground } from './ground';
import { Kept, type TrafficTables } from './parts';
import { provoker } from './provoker';
import { closeRoute, lookAtRoute, openRoute, type Seat } from './routes';
import { refuseUnforwarded, type RouteTable } from './routeTable';

type Traffic = CapabilityOf<'traffic'>;

/**
 * Routes of the endpoints that this host forwards, and the addresses, proxies, poolers and names in which it has a part.
 * `within` is for rules in another network namespace than the agent's own: words that bring a program there.
 */
export async function traffic(
  host: Host,
  tables: TrafficTables,
  { within = [] }: { within?: readonly string[] } = {},
): Promise<Running<Traffic>> {
  const ground: Ground = { host, within };
  const made = new Map<string, Promise<RouteTable>>();
  const clients = provoker(ground);

  const endpointOf = (name: string) => find(host.endpoints, name, 'UnknownEndpoint');
  const pairOf = (name: string) => find(host.proxies, name, 'UnknownProxies');
  const pooler = new Kept(host, 'pooler', tables.pooler, endpointOf);
  const dns = new Kept(host, 'DNS server', tables.dns, endpointOf);
  const address = new Kept(host, 'address', tables.address, pairOf);
  const proxy = new Kept(host, 'proxy', tables.proxyProcess, pairOf);

  /** Addresses that cannot be in rules are refused before anything is done. */
  const seatOf = async (endpoint: string, ...addresses: string[]): Promise<Seat> => {
    const { by, port, forwarders } = endpointOf(endpoint);
    if (!Object.values(forwarders).some((one) => one.host === host.name))
      throw new Refusal('NoPart', { host: host.name, part: 'forwarder', name: endpoint });
    refuseUnforwarded(by, ...addresses);
    let table = made.get(by);
    if (!table) made.set(by, (table = tables.routes[by]().then((make) => make(ground))));
    return { host: host.name, endpoint, port, table: await table };
  };

  const driver: Traffic = {
    routes: async ({ endpoint }) => lookAtRoute(await seatOf(endpoint)),
    close: async (input) => {
      const seat = await seatOf(input.endpoint, ...input.reject);
      clients.warm(); // who closes a route frees its clients next
      return closeRoute(seat, input);
    },
    open: async (input) => openRoute(await seatOf(input.endpoint, input.to.address), input),
    free: async (input) => free(ground, clients, await seatOf(input.endpoint, input.address), input),
    pause: async (input) => (await pooler.of(input.endpoint)).pause(input),
    resume: async (input) => (await pooler.of(input.endpoint)).resume(input),
    resolve: async (input) => (await dns.of(input.endpoint)).resolve(input),
    announce: async (input) => (await dns.of(input.endpoint)).announce(input),
    holders: async (input) => (await address.of(input.pair)).holders(input),
    take: async (input) => (await address.of(input.pair)).take(input),
    release: async (input) => (await address.of(input.pair)).release(input),
    startProxy: async (input) => (await proxy.of(input.pair)).startProxy(input),
  };
  const stop = async () => {
    const routes = await Promise.all(made.values());
    await Promise.all([...routes, clients, pooler, dns, address, proxy].map((one) => one.stop()));
  };
  return { driver, stop };
}

function find<E>(entries: Readonly<Record<string, E>>, name: string, unknown: ErrorCode): E {
  const entry = Object.hasOwn(entries, name) ? entries[name] : undefined;
  if (entry === undefined) throw new Refusal(unknown, { name, near: meant(name, Object.keys(entries)) });
  return entry;
}
