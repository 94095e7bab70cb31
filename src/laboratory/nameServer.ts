import { Resolver } from 'node:dns/promises';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startChild } from '../stack/children';
import { inside, type NetworkHost } from './network';
import { until } from './until';

export const zoneName = 'db.test';
export const endpointName = `ep.${zoneName}`;
/** Seconds. */
export const timeToLive = 1;

/** A key that signs updates, as knot and the fleet file take it. */
export interface UpdateKey {
  name: string;
  /** Base64. */
  secret: string;
}

export interface NameServerPlace {
  host: NetworkHost;
  folder: string;
  /** From where it takes updates: the first three parts of the addresses. */
  subnet: string;
  /** Updates must be signed with it, where one is given. */
  key?: UpdateKey;
}

/** Starts knot with the zone of the laboratory: the endpoint's name has the addresses of the forwarders. */
export async function startNameServer(place: NameServerPlace, forwarders: readonly string[]): Promise<void> {
  const { host, folder, subnet, key } = place;
  mkdirSync(folder, { recursive: true });
  const records = forwarders.map((address) => `ep A ${address}\n`).join('');
  writeFileSync(
    join(folder, `${zoneName}.zone`),
    `$ORIGIN ${zoneName}.\n$TTL ${timeToLive}\n@ SOA ns hostmaster 1 3600 600 86400 1\n@ NS ns\nns A ${host.address}\n${records}`,
  );
  const file = join(folder, 'knot.conf');
  writeFileSync(file, configuration(host.address, folder, subnet, key));
  const logFile = join(folder, 'knot.log');
  const command = [...inside(host.namespace), 'knotd', '-c', file];
  const env = { ...process.env, PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  const child = await startChild({ name: 'knotd', command, logFile, env, diesWithUs: true });
  await until(`the name server answers (see ${logFile})`, async () => {
    if (child.exited()) throw new Error('knotd has ended');
    return (await resolved(host.address)).length === forwarders.length;
  });
}

/** What the endpoint's name says. */
export async function resolved(server: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: 500, tries: 1 });
  resolver.setServers([server]);
  return (await resolver.resolve4(endpointName)).toSorted();
}

const configuration = (address: string, folder: string, subnet: string, key: UpdateKey | undefined): string => `server:
  listen: ${address}@53
  rundir: ${folder}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: ${folder}
  journal-db-max-size: 16M
log:
  - target: stderr
    any: info
${key ? `key:\n  - id: ${key.name}\n    algorithm: hmac-sha256\n    secret: ${key.secret}\n` : ''}acl:
  - id: updates
    address: ${subnet}.0/24
    action: update
${key ? `    key: ${key.name}\n` : ''}zone:
  - domain: ${zoneName}
    storage: ${folder}
    file: ${zoneName}.zone
    acl: updates
    zonefile-sync: -1
    journal-content: changes
`;
