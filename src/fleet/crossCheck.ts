import type { Fleet } from '../contract/fleet';
import type { Finding, Path } from './explain';
import { isLoopback } from '../contract/loopback';
import { checkGuarded, guardedHosts } from './checkGuarded';
import { checkObjects } from './checkObjects';
import { lies } from './lies';
import { meant } from './nearest';

interface Placed {
  path: Path;
  host: string;
  root: string;
}

/** What no single field can tell: names that must exist, addresses and directories that must not be shared. */
export function crossCheck(fleet: Fleet): { errors: Finding[]; warnings: Finding[] } {
  const fsvms = Object.entries(fleet.fileServers).flatMap(([server, { fsvms: named }]) =>
    Object.entries(named).map(([name, { host, root }]) => ({
      path: ['fileServers', server, 'fsvms', name],
      host,
      root,
    })),
  );
  const objects = checkObjects(fleet);
  const guarded = checkGuarded(fleet);
  const errors = [
    ...[...unknownHosts(fleet, fsvms), ...badAgents(fleet), ...outsideRoots(fleet, fsvms), ...shared(fsvms)],
    ...objects.errors,
    ...guarded.errors,
  ];
  return { errors, warnings: [...oneZone(fleet), ...objects.warnings, ...guarded.warnings] };
}

function unknownHosts(fleet: Fleet, fsvms: Placed[]): Finding[] {
  const named = [
    ...fsvms.map(({ path, host }) => ({ path: [...path, 'host'], host })),
    ...Object.entries(fleet.objects).map(([name, { host }]) => ({ path: ['objects', name, 'host'], host })),
    ...guardedHosts(fleet),
    ...fleet.limits.paused.map((host, index) => ({ path: ['limits', 'paused', index], host })),
  ];
  const hosts = Object.keys(fleet.hosts);
  return named
    .filter(({ host }) => !Object.hasOwn(fleet.hosts, host))
    .map(({ path, host }) => ({ path, says: `there is no host "${host}"${meant(host, hosts)}` }));
}

function badAgents(fleet: Fleet): Finding[] {
  const seen = new Map<string, string>();
  return Object.entries(fleet.hosts).flatMap(([name, { agent }]) => {
    const path = ['hosts', name, 'agent'];
    const { origin, protocol, hostname } = new URL(agent);
    const other = seen.get(origin);
    seen.set(origin, name);
    if (other !== undefined) return [{ path, says: `"${other}" has this address already: one agent is one host` }];
    if (protocol === 'http:' && !isLoopback(hostname)) {
      return [{ path, says: 'http:// is for loopback only; use https:// (`evenkeel certs` makes the certificates)' }];
    }
    if (protocol === 'https:' && !fleet.tls) {
      return [{ path, says: "https:// needs the fleet's certificates: add `tls` (`evenkeel certs` makes them)" }];
    }
    return [];
  });
}

function outsideRoots(fleet: Fleet, fsvms: Placed[]): Finding[] {
  return fsvms.flatMap(({ path, host, root }) => {
    const roots = fleet.hosts[host]?.roots;
    if (!roots || roots.some((one) => lies(root, one))) return [];
    const known = roots.length > 0 ? roots.join(', ') : 'none';
    return [{ path: [...path, 'root'], says: `${root} lies outside the roots of host "${host}" (${known})` }];
  });
}

/** Two FSVMs over one directory, or one inside the other, would each count and move the other's items. */
function shared(fsvms: Placed[]): Finding[] {
  return fsvms.flatMap(({ path, host, root }, index) => {
    const other = fsvms
      .slice(0, index)
      .find((one) => one.host === host && (lies(root, one.root) || lies(one.root, root)));
    if (!other) return [];
    return [
      {
        path: [...path, 'root'],
        says: `${root} and ${other.root} of ${other.path.slice(1).join('.')} overlap on host "${host}"`,
      },
    ];
  });
}

function oneZone(fleet: Fleet): Finding[] {
  const hosts = Object.values(fleet.hosts);
  const zones = new Set(hosts.map(({ zone }) => zone ?? ''));
  if (hosts.length < 2 || zones.size > 1) return [];
  return [
    {
      path: ['hosts'],
      key: true,
      says: 'all hosts are in one failure domain: give them different `zone`s if they are not',
    },
  ];
}
