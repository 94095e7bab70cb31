import type { EndpointEntry, ProxiesEntry } from '../contract/endpoints';
import type { Fleet } from '../contract/fleet';
import type { Finding, Path } from './explain';
import { lies } from './lies';

/** What no single field of an endpoint or a pair of proxies can tell. */
export function checkGuarded(fleet: Fleet): { errors: Finding[]; warnings: Finding[] } {
  const endpoints = Object.entries(fleet.endpoints).map(([name, entry]) => ({ entry, path: ['endpoints', name] }));
  const pairs = Object.entries(fleet.proxies).map(([name, entry]) => ({ entry, path: ['proxies', name] }));
  return {
    errors: [
      ...endpoints.flatMap(({ entry, path }) => [
        ...twiceOnOneHost(entry, path),
        ...outsideRoots(fleet, entry, path),
        ...badCouncil(entry, path),
        ...tooFew(entry, path),
      ]),
      ...pairs.flatMap(({ entry, path }) => sameNodes(entry, path)),
      ...portsTwice(fleet),
      ...namesTwice(fleet),
    ],
    warnings: endpoints.flatMap(({ entry, path }) => fewZones(fleet, entry, path)),
  };
}

interface Named {
  path: Path;
  host: string;
}

/** Every host that an endpoint or a pair of proxies names. */
export const guardedHosts = ({ endpoints, proxies }: Fleet): Named[] => [
  ...Object.entries(endpoints).flatMap(([name, entry]) => hostsOf(entry, ['endpoints', name])),
  ...Object.entries(proxies).flatMap(([name, entry]) => nodesOf(entry, ['proxies', name])),
];

const hostsOf = ({ members, forwarders, observers }: EndpointEntry, path: Path): Named[] => [
  ...Object.entries(members).map(([name, { host }]) => ({ path: [...path, 'members', name, 'host'], host })),
  ...Object.entries(forwarders).map(([name, { host }]) => ({ path: [...path, 'forwarders', name, 'host'], host })),
  ...observers.map((host, index) => ({ path: [...path, 'observers', index], host })),
];

const nodesOf = ({ nodes }: ProxiesEntry, path: Path): Named[] =>
  Object.entries(nodes).map(([name, { host }]) => ({ path: [...path, 'nodes', name, 'host'], host }));

/** A host speaks for one member, and for one forwarder, of an endpoint: callers name the endpoint alone. */
function twiceOnOneHost({ members, forwarders }: EndpointEntry, path: Path): Finding[] {
  return [
    ...repeated(members, [...path, 'members'], 'a member'),
    ...repeated(forwarders, [...path, 'forwarders'], 'a forwarder'),
  ];
}

function repeated(entries: Record<string, { host: string }>, path: Path, what: string): Finding[] {
  const seen = new Map<string, string>();
  return Object.entries(entries).flatMap(([name, { host }]) => {
    const other = seen.get(host);
    seen.set(host, name);
    if (other === undefined) return [];
    return [{ path: [...path, name, 'host'], says: `host "${host}" has ${what} of this endpoint already, "${other}"` }];
  });
}

function outsideRoots({ hosts }: Fleet, { members }: EndpointEntry, path: Path): Finding[] {
  return Object.entries(members).flatMap(([name, { host, data }]) => {
    const roots = hosts[host]?.roots;
    if (!roots || roots.some((root) => lies(data, root))) return [];
    const known = roots.length > 0 ? roots.join(', ') : 'none';
    const says = `${data} lies outside the roots of host "${host}" (${known})`;
    return [{ path: [...path, 'members', name, 'data'], says }];
  });
}

function badCouncil({ observers }: EndpointEntry, path: Path): Finding[] {
  const twice = observers.findIndex((host, index) => observers.indexOf(host) !== index);
  if (twice < 0) return [];
  return [{ path: [...path, 'observers', twice], says: `"${observers[twice]}" is named twice: each has one vote` }];
}

function tooFew({ members, forwarders }: EndpointEntry, path: Path): Finding[] {
  const findings: Finding[] = [];
  if (Object.keys(members).length < 2)
    findings.push({ path: [...path, 'members'], key: true, says: 'name a primary and at least one standby' });
  if (Object.keys(forwarders).length < 1)
    findings.push({ path: [...path, 'forwarders'], key: true, says: 'name at least one forwarder' });
  return findings;
}

function sameNodes({ nodes }: ProxiesEntry, path: Path): Finding[] {
  const [first, second] = Object.entries(nodes);
  if (!first || !second) return [];
  const at = [...path, 'nodes', second[0]];
  const findings: Finding[] = [];
  if (first[1].host === second[1].host)
    findings.push({ path: [...at, 'host'], says: `both nodes are on host "${second[1].host}": it fails with both` });
  if (first[1].address === second[1].address)
    findings.push({ path: [...at, 'address'], says: `"${first[0]}" has this address already` });
  for (const [name, { address, own }] of [first, second])
    if (address === own)
      findings.push({
        path: [...path, 'nodes', name, 'own'],
        says: `${own} is the address that moves: the node needs one of its own`,
      });
  return findings;
}

/** Leases, and what agents tell, are by name alone. */
const namesTwice = ({ endpoints, proxies }: Fleet): Finding[] =>
  Object.keys(proxies)
    .filter((name) => Object.hasOwn(endpoints, name))
    .map((name) => ({ path: ['proxies', name], key: true, says: `"${name}" is the name of an endpoint already` }));

/** One forwarder forwards a port to one endpoint. */
function portsTwice({ endpoints }: Fleet): Finding[] {
  const seen = new Map<string, string>();
  return Object.entries(endpoints).flatMap(([name, { port, forwarders }]) =>
    Object.values(forwarders).flatMap(({ address }) => {
      const key = `${address}:${port}`;
      const other = seen.get(key);
      seen.set(key, name);
      if (other === undefined || other === name) return [];
      return [{ path: ['endpoints', name, 'port'], says: `${key} forwards to endpoint "${other}" already` }];
    }),
  );
}

function fewZones({ hosts }: Fleet, { observers }: EndpointEntry, path: Path): Finding[] {
  const zones = new Set(observers.map((host) => hosts[host]?.zone ?? ''));
  if (zones.size >= 3) return [];
  const says = `its observers are in ${zones.size} zone${zones.size === 1 ? '' : 's'}: with three, one zone that fails leaves a majority`;
  return [{ path: [...path, 'observers'], key: true, says }];
}
