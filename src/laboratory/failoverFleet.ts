import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { issue } from '../agent/authority';
import { databasePort } from './database';
import { agentHostsOf, membersOf, type Layout } from './failoverOptions';
import { endpointName, timeToLive, zoneName } from './nameServer';
import type { Network } from './network';
import { poolerCommand, poolerPort } from './pooler';
import type { ServerUser } from './serverUser';

export const agentPort = 7443;
/** The names that the fleet file has for them. */
export const endpointOfLab = 'orders';
export const pairOfLab = 'proxies';
/** The last part of the addresses that move with the proxies of the two nodes. */
const movingAddress: Record<string, number> = { n1: 201, n2: 202 };

export interface Ground {
  folder: string;
  network: Network;
  layout: Layout;
  user: ServerUser;
  bin: string;
}

export const rootOf = (folder: string, host: string): string => join(folder, 'hosts', host);
/** The address that the clients of a node's proxy use. */
export const proxyAddress = (network: Network, node: string): string => `${network.subnet}.${movingAddress[node]!}`;

/** Writes the fleet file as one host, or the worker, has it: the same for all but for the certificate. */
export async function writeFleet(ground: Ground, name: string): Promise<string> {
  const { folder } = ground;
  const authority = join(folder, 'certificates');
  const { cert, key } = await issue(authority, { name, role: 'agent' });
  const file = join(folder, `${name}.yaml`);
  writeFileSync(file, stringify({ ...fleetOf(ground), tls: { ca: join(authority, 'ca.crt'), cert, key } }));
  return file;
}

function fleetOf(ground: Ground): object {
  const { folder, network, layout } = ground;
  const hosts = agentHostsOf(layout).map((name) => {
    const { address, zone } = network.host(name);
    mkdirSync(rootOf(folder, name), { recursive: true });
    return [name, { agent: `https://${address}:${agentPort}`, roots: [rootOf(folder, name)], zone }] as const;
  });
  return {
    fleet: 'laboratory',
    hosts: Object.fromEntries(hosts),
    ...(layout.endpoint && { endpoints: { [endpointOfLab]: endpointEntry(ground) } }),
    ...(layout.proxies && { proxies: { [pairOfLab]: proxiesEntry(ground) } }),
  };
}

function endpointEntry(ground: Ground): object {
  const { folder, network, layout, bin } = ground;
  const { updateKey: key } = layout;
  const secret = join(folder, 'update.key');
  if (key) writeFileSync(secret, key.secret, { mode: 0o600 });
  const members = membersOf(layout).map((member) => {
    const data = join(rootOf(folder, member), 'data');
    const { address, namespace } = network.host(member);
    const powerOff = ['sh', '-c', 'ip netns pids "$0" | xargs -r kill -KILL', namespace];
    return [member, { host: member, address, data, bin, ...(layout.powerOff && { powerOff }) }] as const;
  });
  return {
    name: endpointName,
    members: Object.fromEntries(members),
    forwarders: { fa: forwarder(ground, 'fa'), fb: forwarder(ground, 'fb') },
    observers: ['fa', 'fb', 'et'],
    dns: {
      ...{ server: network.host('dns').address, zone: zoneName, ttl: timeToLive },
      ...(key && { key: { name: key.name, secret: { file: secret } } }),
    },
    autonomy: 'act',
    ...layout.endpointEntry,
  };
}

function forwarder({ network, layout }: Ground, host: string): object {
  const { address } = network.host(host);
  const pooler = { console: `postgres://postgres@${address}:${poolerPort}/pgbouncer` };
  return { host, address, ...(layout.poolers && { pooler }) };
}

/** The pgbouncer of a forwarder: its server is the forwarder itself. */
export const forwarderPooler = ({ folder, user, network }: Ground, host: string): string[] =>
  poolerCommand(join(rootOf(folder, host), 'pooler'), user, network.host(host).address, databasePort);

/** The proxy of a compute node: its server is the primary that the laboratory starts with. */
export const nodeProxy = ({ folder, user, network }: Ground, host: string): string[] =>
  poolerCommand(join(rootOf(folder, host), 'proxy'), user, network.host('p1').address, databasePort);

function proxiesEntry(ground: Ground): object {
  const { network, layout, user } = ground;
  const node = (host: string) => ({
    ...{ host, address: proxyAddress(network, host), own: network.host(host).address, port: poolerPort },
    console: `postgres://postgres@${network.host(host).address}:${poolerPort}/pgbouncer`,
    ...(layout.proxiesBy === 'agents' && { start: nodeProxy(ground, host), as: user.name }),
  });
  return { nodes: { n1: node('n1'), n2: node('n2') }, autonomy: 'act', ...layout.proxiesEntry };
}
