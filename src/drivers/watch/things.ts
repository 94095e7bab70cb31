import type { Thing } from '../../services/watcher/protocol';
import type { EndpointEntry, ProxiesEntry } from '../../contract/endpoints';
import type { Secret } from '../../contract/series';
import type { Host } from '../host';
import { readSecret } from '../load/secret';

/** A thing, and where its password lies: that is read when it is started, and anew when a login fails. */
export interface Watched {
  thing: Omit<Thing, 'password'>;
  secret: Secret | undefined;
}

/** Whether there is anything that the agent of this host has to watch from its start on. */
export const watches = (host: Host): boolean => watchedBy(host).length > 0;

/** An observer watches all members, a member's host at least its own; of a pair, both nodes watch both proxies. */
export function watchedBy(host: Host): Watched[] {
  return [
    ...Object.entries(host.endpoints).flatMap(([name, endpoint]) => membersOf(host, name, endpoint)),
    ...Object.entries(host.proxies).flatMap(([name, pair]) => nodesOf(host, name, pair)),
  ];
}

function membersOf(host: Host, target: string, { members, observers, probe }: EndpointEntry): Watched[] {
  return Object.entries(members)
    .filter(([, member]) => observers.includes(host.name) || member.host === host.name)
    .map(([name, { address, port, user, database, password, data, host: at }]) => {
      const own = at === host.name;
      const where = { address, port, user, database };
      return {
        thing: { target, name, kind: 'database', ...where, probe, own, ...(own && { data }) },
        secret: password,
      };
    });
}

/** Its console is asked at the address that never moves: the other one may be served by its peer. */
function nodesOf(host: Host, target: string, { nodes, probe }: ProxiesEntry): Watched[] {
  return Object.entries(nodes).map(([name, { own: address, port, console, password, host: at }]) => {
    const { port: written, username, pathname } = new URL(console);
    const where = { address, port: written ? Number(written) : port };
    const login = {
      user: decodeURIComponent(username),
      database: decodeURIComponent(pathname.slice(1)) || 'pgbouncer',
    };
    const own = at === host.name;
    return { thing: { target, name, kind: 'proxy', ...where, ...login, probe, own }, secret: password };
  });
}

/** The thing with its password as it is now. */
export const withPassword = ({ thing, secret }: Watched): Thing => ({
  ...thing,
  ...(secret && { password: readSecret(secret) }),
});
