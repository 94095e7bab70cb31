import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { EndpointEntry, Member } from '../../contract/endpoints';
import { Refusal } from '../../contract/errors';
import type { Host } from '../host';
import { inside } from '../load/inside';

/** The member of an endpoint that lies on this host. */
export interface Place {
  host: Host;
  endpoint: string;
  entry: EndpointEntry;
  /** What the fleet file calls it; also its application_name. */
  name: string;
  member: Member;
}

export function placeOf(host: Host, endpoint: string): Place {
  const entry = Object.hasOwn(host.endpoints, endpoint) ? host.endpoints[endpoint] : undefined;
  const own = entry && Object.entries(entry.members).find(([, member]) => member.host === host.name);
  if (!entry || !own) throw new Refusal('NoPart', { host: host.name, part: 'member', name: endpoint });
  return { host, endpoint, entry, name: own[0], member: own[1] };
}

/** All members that lie on this host: one an endpoint. */
export const placesOf = (host: Host): Place[] =>
  Object.entries(host.endpoints)
    .filter(([, { members }]) => Object.values(members).some((member) => member.host === host.name))
    .map(([endpoint]) => placeOf(host, endpoint));

/** Another member of the endpoint. */
export function peerOf({ entry, endpoint, host, name }: Place, peer: string): Member {
  const member = Object.hasOwn(entry.members, peer) ? entry.members[peer] : undefined;
  if (!member || peer === name)
    throw new Refusal('BadInput', { what: `${peer} is no other member of ${endpoint} for ${host.name} to follow` });
  return member;
}

/** Its data directory, by its real path: it lies below the host's roots. */
export const dataOf = ({ host, member }: Place): string => inside(host, member.data);

/** What refusals about it say of it. */
export const factsOf = ({ name, host }: Place) => ({ member: name, host: host.name });

/** Where the binaries lie that fit its data directory: Debian, Red Hat, or whatever ran it last. */
export function binOf(place: Place): string {
  const { member } = place;
  if (member.bin !== undefined) return member.bin;
  const data = dataOf(place);
  const version = readFileSync(join(data, 'PG_VERSION'), 'utf8').trim();
  const last = lastCommand(data)[0];
  const folders = [
    ...(last === undefined ? [] : [join(last, '..')]),
    `/usr/lib/postgresql/${version}/bin`,
    `/usr/pgsql-${version}/bin`,
    '/usr/local/pgsql/bin',
  ];
  const found = folders.find((folder) => isFile(join(folder, 'pg_ctl')));
  if (found !== undefined) return found;
  throw new Refusal('NotPermitted', {
    what: `PostgreSQL ${version} of ${place.name}`,
    why: `pg_ctl is in none of ${folders.join(', ')}: let the fleet file name \`bin\``,
  });
}

/** The words with which the server of a data directory was last started. PostgreSQL keeps them for its own restart. */
export function lastCommand(data: string): string[] {
  try {
    const line = readFileSync(join(data, 'postmaster.opts'), 'utf8').trim();
    const program = line.split(' "', 1)[0] ?? '';
    return [program, ...[...line.slice(program.length).matchAll(/ "(.*?)"(?= "|$)/g)].map(([, word]) => word ?? '')];
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []; // it never ran
    throw error;
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;
}
