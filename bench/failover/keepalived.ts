import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Endings } from '../../src/laboratory/endings';
import { nodeProxy, proxyAddress, rootOf } from '../../src/laboratory/failoverFleet';
import { inside } from '../../src/laboratory/network';
import { poolerPort } from '../../src/laboratory/pooler';
import { processesIn } from '../../src/laboratory/processes';
import { as } from '../../src/laboratory/serverUser';
import { until } from '../../src/laboratory/until';
import { startChild, stopChild } from '../../src/stack/children';
import { lacking } from '../../src/stack/packages';
import { atHome, breakProxy, openPair, type Pair } from './pair';
import { Standing, type Side } from './side';

/** How keepalived is set: times in seconds. */
export interface Manner {
  name: string;
  advert: number;
  /** How often it looks at its proxy, and how many times in a row that has to fail. */
  look: number;
  fall: number;
  /** It asks the proxy's console; otherwise it looks whether its process is there. */
  asks?: boolean;
}

export const fast: Manner = { name: 'keepalived 50 ms', advert: 0.05, look: 1, fall: 1 };
export const manners: readonly Manner[] = [
  { name: 'keepalived default', advert: 1, look: 1, fall: 3 },
  fast,
  { name: 'keepalived 10 ms', advert: 0.01, look: 0.1, fall: 1 },
  { name: 'keepalived 100 ms, asking', advert: 0.1, look: 1, fall: 1, asks: true },
];

/** Those that do not move have not moved by then. */
const windowMs = 12_000;

export function keepalived(endings: Endings, manner: Manner, hungMs: number, say: (line: string) => void): Side {
  const standing = new Standing(endings, (part) => openKeepalived(part, manner), say);
  const why = lacking('keepalived', say);
  return {
    name: manner.name,
    ...(why !== undefined && { why }),
    run: (fault) => standing.use((pair, part) => breakProxy(part, pair, fault, { windowMs, hungMs }), bringBack),
    close: () => standing.close(),
  };
}

/** The same nodes and proxies as ours, without agents. */
export async function openKeepalived(endings: Endings, manner: Manner): Promise<Pair> {
  const pair = await openPair(endings, { endpoint: false, agents: false, controlPlane: false });
  for (const node of nodes) await startProxy(pair, node);
  for (const node of nodes) await startKeepalived(endings, pair, node, manner);
  await until('keepalived gives each node its address', () => atHome(pair));
  return pair;
}

const nodes = ['n1', 'n2'];

async function startProxy({ site: { ground } }: Pair, node: string): Promise<void> {
  const { network, user, folder } = ground;
  const { namespace } = network.host(node);
  if (processesIn(namespace, 'pgbouncer').length > 0) return;
  const command = [...inside(namespace), ...as(user), ...nodeProxy(ground, node)];
  await startChild({ name: `proxy of ${node}`, command, logFile: join(folder, 'logs', `${node}.log`), cwd: folder });
}

async function startKeepalived(endings: Endings, pair: Pair, node: string, manner: Manner): Promise<void> {
  const { folder, network } = pair.site.ground;
  const place = join(folder, 'keepalived', node);
  mkdirSync(place, { recursive: true });
  const file = join(place, 'keepalived.conf');
  writeFileSync(file, configuration(pair, node, manner));
  const command = [
    ...inside(network.host(node).namespace),
    ...['/usr/sbin/keepalived', '-n', '-l', '-P', '-f', file, '-p', join(place, 'pid'), '-r', join(place, 'vrrp.pid')],
  ];
  const child = await startChild({
    name: `keepalived of ${node}`,
    command,
    logFile: join(place, 'log'),
    diesWithUs: true,
  });
  endings.add(() => stopChild(child));
}

/** As its own manual has it: each node is the master of its address and the backup of the other's. */
function configuration({ site: { ground } }: Pair, node: string, { advert, look, fall, asks }: Manner): string {
  const { network, folder } = ground;
  const console = `-h ${network.host(node).address} -p ${poolerPort} -U postgres -d pgbouncer`;
  const script = asks
    ? `/usr/bin/timeout 0.5 /usr/bin/psql -XAtq ${console} -c 'show version'`
    : `/usr/bin/pgrep -f ${join(rootOf(folder, node), 'proxy', 'pgbouncer.ini')}`;
  const instances = nodes.map(
    (owner, index) => `vrrp_instance VI_${index + 1} {
  state ${owner === node ? 'MASTER' : 'BACKUP'}
  interface eth0
  virtual_router_id ${51 + index}
  priority ${owner === node ? 150 : 100}
  advert_int ${advert}
  virtual_ipaddress {
    ${proxyAddress(network, owner)}/24 dev eth0
  }
  track_script {
    proxy
  }
}
`,
  );
  return `global_defs {
  router_id ${node}
  vrrp_version 3
  enable_script_security
  script_user root
  vrrp_garp_master_repeat 2
}
vrrp_script proxy {
  script "${script}"
  timeout 1
  interval ${look}
  fall ${fall}
  rise 2
}
${instances.join('')}`;
}

/** The proxy is started again or goes on, and its node takes its address back by itself. */
async function bringBack(pair: Pair): Promise<void> {
  const { site } = pair;
  await site.faults.mend('n1');
  if (processesIn(site.network.host('n1').namespace, 'pgbouncer').length > 0) site.faults.resumeProxy('n1');
  await startProxy(pair, 'n1');
  await until('keepalived gives n1 its address back', () => atHome(pair));
}
