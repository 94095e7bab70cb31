import { EndpointEntry } from '../../src/contract/endpoints';
import type { JobContext } from '../../src/contract/operations';
import type { CapabilityOf, Host } from '../../src/drivers/host';
import { postgres, type Bounds } from '../../src/drivers/role/postgres';
import { jobContext, type Scene } from '../contract/agents';
import { needs } from '../setup/needs';
import { enterOwnNetwork } from '../setup/ownNetwork';
import { postgresPair, type PairMember, type PairOptions, type PostgresPair } from './postgresPair';

export type Role = CapabilityOf<'role'>;

/** Root makes rules in the kernel: then this process is in a network of its own. Others cannot, and are told so by the driver. */
const isRoot = process.getuid?.() === 0;
export const run = isRoot ? needs('postgres', 'netns', 'nft') : needs('postgres');
export const runAsRoot = needs('root', 'postgres', 'netns', 'nft');

export const endpoint = 'orders';
export const lease = (epoch: number) => ({ target: endpoint, epoch });

/** A pair of servers with the driver of each. */
export interface RoleScene {
  pair: PostgresPair;
  p1: PairMember;
  p2: PairMember;
  roles: Record<string, Role>;
  hosts: Record<string, Host>;
  logged: { event: string; facts: Record<string, unknown> }[];
}

export async function roleScene(scene: Scene, options: PairOptions = {}, bounds: Bounds = {}): Promise<RoleScene> {
  if (isRoot) await enterOwnNetwork(scene);
  const pair = await postgresPair(scene, options);
  const logged: RoleScene['logged'] = [];
  const hosts: Record<string, Host> = {};
  const roles: Record<string, Role> = {};
  for (const name of Object.keys(pair.members)) {
    const host: Pick<Host, 'name' | 'roots' | 'stateDir' | 'endpoints' | 'log'> = {
      ...{ name, roots: [pair.folder], stateDir: scene.directory(), endpoints: { [endpoint]: entryOf(pair) } },
      log: (event, facts = {}) => void logged.push({ event, facts }),
    };
    hosts[name] = host as Host;
    const running = postgres(hosts[name], bounds);
    scene.onEnd(() => running.stop());
    roles[name] = running.driver;
  }
  const { p1, p2 } = pair.members;
  return { pair, p1: p1!, p2: p2!, roles, hosts, logged };
}

export const entryOf = ({ members }: PostgresPair): EndpointEntry =>
  EndpointEntry.parse({
    ...{ name: 'orders.test', forwarders: {}, observers: ['o1', 'o2', 'o3'] },
    members: Object.fromEntries(Object.values(members).map(({ name, entry }) => [name, entry])),
  });

export const job = (): JobContext & { reports: unknown[] } => jobContext('a job');
