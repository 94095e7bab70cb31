import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { Clients } from '../../src/laboratory/clients/clients';
import { askServer, contentsOf, databasePort, endServer } from '../../src/laboratory/database';
import type { Endings } from '../../src/laboratory/endings';
import { endpointName, startNameServer } from '../../src/laboratory/nameServer';
import { inside, Network } from '../../src/laboratory/network';
import { tables } from '../../src/laboratory/postgresTemplate';
import { processesIn, signalAll } from '../../src/laboratory/processes';
import { as, serverUser } from '../../src/laboratory/serverUser';
import { until } from '../../src/laboratory/until';
import { startChild } from '../../src/stack/children';
import { postgresBin } from '../../src/stack/machine';
import { lacking } from '../../src/stack/packages';
import { scratch } from '../disk';
import { breakPrimary } from './endpointFaults';
import {
  apiPort,
  dataOf,
  etcdPort,
  writeHaproxy,
  writePatroni,
  type PatroniGround,
  type PatroniTerms,
} from './patroniFiles';
import type { Side } from './side';
import { tryOut, type Trial } from './trial';

/** As its documentation has them: the defaults, and the least values that it takes. */
export const leastPatroni: PatroniTerms = {
  name: 'Patroni least',
  ...{ ttl: 20, loopWait: 1, retryTimeout: 3 },
  haproxy: { inter: '500ms', fall: 2, rise: 1, check: '1s' },
  windowMs: 50_000,
};
export const patronis: readonly PatroniTerms[] = [
  {
    name: 'Patroni default',
    ...{ ttl: 30, loopWait: 10, retryTimeout: 10 },
    haproxy: { inter: '3s', fall: 3, rise: 2, check: '5s' },
    windowMs: 75_000,
  },
  leastPatroni,
];

const members = ['p1', 'p2'];
const forwarders = ['fa', 'fb'];
/** The hosts of ours, in the same zones. */
const zones = { p1: 'a', p2: 'b', fa: 'a', fb: 'b', et: 'c', dns: 'c', cl: 'c' };
const startsMs = 60_000;

/** Patroni with etcd, and HAProxy on the forwarders: a new cluster for each repetition, whose primary is p1. */
export function patroni(endings: Endings, terms: PatroniTerms, hungMs: number, say: (line: string) => void): Side {
  const why = (['patroni', 'etcd', 'haproxy'] as const)
    .map((name) => lacking(name, say))
    .find((one) => one !== undefined);
  return {
    name: terms.name,
    ...(why !== undefined && { why }),
    run: (fault) => endings.within(async (part) => attempt(part, await raise(part, terms), fault, hungMs)),
    close: async () => undefined,
  };
}

async function raise(endings: Endings, terms: PatroniTerms): Promise<PatroniGround> {
  const bin = postgresBin();
  if (bin === undefined) throw new Error('no PostgreSQL here: apt-get install postgresql');
  const folder = scratch(endings);
  chmodSync(folder, 0o755);
  const network = await Network.open(endings, zones);
  const ground = { network, folder, bin, user: serverUser(), terms };
  const addresses = forwarders.map((host) => network.host(host).address);
  mkdirSync(join(folder, 'dns'));
  await startNameServer({ host: network.host('dns'), folder: join(folder, 'dns'), subnet: network.subnet }, addresses);
  await startEtcd(ground);
  await startMember(endings, ground, 'p1', 'primary');
  for (const line of tables.filter((sql) => !sql.includes('replicator')))
    await askServer(network.host('p1').address, line);
  await startMember(endings, ground, 'p2', 'sync');
  for (const host of forwarders) {
    const command = [
      ...inside(network.host(host).namespace),
      '/usr/sbin/haproxy',
      '-f',
      writeHaproxy(ground, host, members),
      '-db',
    ];
    await startChild({ name: `haproxy of ${host}`, command, logFile: join(folder, `${host}.log`), diesWithUs: true });
  }
  return ground;
}

async function startEtcd({ network, folder }: PatroniGround): Promise<void> {
  const { namespace, address } = network.host('et');
  const url = `http://${address}:${etcdPort}`;
  const command = [
    ...[...inside(namespace), 'etcd', '--data-dir', join(folder, 'etcd')],
    ...['--listen-client-urls', url, '--advertise-client-urls', url, '--listen-peer-urls', 'http://127.0.0.1:2380'],
    // In its favour: this machine's disk is no part of what is measured.
    '--unsafe-no-fsync',
  ];
  await startChild({ name: 'etcd', command, logFile: join(folder, 'etcd.log'), diesWithUs: true });
  await until('etcd answers', async () => (await fetch(`${url}/health`, { signal: AbortSignal.timeout(1_000) })).ok);
}

/** Returns when Patroni says that the member is what it is to be. */
async function startMember(
  endings: Endings,
  ground: PatroniGround,
  member: string,
  role: 'primary' | 'sync',
): Promise<void> {
  const { network, folder, user } = ground;
  const { namespace } = network.host(member);
  const command = [...inside(namespace), ...as(user), '/usr/bin/patroni', writePatroni(ground, member)];
  endings.add(() => endServer(member, namespace, dataOf(ground, member)));
  const child = await startChild({
    name: member,
    command,
    logFile: join(folder, `${member}.log`),
    cwd: join(folder, member),
  });
  // Asked to end, it would stop its server first, and that may hang.
  endings.add(() => signalAll(child.exited() ? [] : [child.pid], 'SIGKILL'));
  await until(`Patroni says that ${member} is ${role}`, () => says(ground, member, role), {
    timeoutMs: startsMs,
    everyMs: 200,
  });
}

/** What Patroni's own interface answers to a load balancer. */
async function says({ network }: PatroniGround, member: string, what: 'primary' | 'sync'): Promise<boolean> {
  const url = `http://${network.host(member).address}:${apiPort}/${what}`;
  return (await fetch(url, { signal: AbortSignal.timeout(1_000) })).status === 200;
}

function attempt(endings: Endings, ground: PatroniGround, fault: string, hungMs: number): Promise<Trial> {
  const { network, folder, terms } = ground;
  const to = { name: endpointName, resolver: network.host('dns').address };
  return tryOut({
    ...{ endings, hungMs, windowMs: terms.windowMs },
    offsetMs: terms.loopWait * 1_000,
    start: (part, wish) =>
      Clients.start(part, { namespace: network.host('cl').namespace, folder }, { to, port: databasePort, ...wish }),
    fault: () => breakPrimary(network, fault, 'p1'),
    present: () => present(ground, fault),
  });
}

/** The table of whoever is the primary: where nobody took over, the old one once it goes on. */
function present(ground: PatroniGround, fault: string): Promise<Map<string, number>> {
  const { network } = ground;
  return until(
    'there is a primary to be read',
    async () => {
      if (await says(ground, 'p2', 'primary')) return contentsOf(network.host('p2').address);
      if (fault === 'hung') signalAll(processesIn(network.host('p1').namespace, 'postgres'), 'SIGCONT');
      return (await says(ground, 'p1', 'primary')) ? contentsOf(network.host('p1').address) : undefined;
    },
    { timeoutMs: startsMs, everyMs: 500 },
  );
}
