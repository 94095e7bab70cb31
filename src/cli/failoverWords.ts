import { asTyped } from './asTyped';
import type { FailoverSite } from '../laboratory/failoverSite';
import { endpointOfLab } from '../laboratory/failoverFleet';
import { endpointName } from '../laboratory/nameServer';

/** The lines by which a person breaks a laboratory, mends it, and looks into it. */
export function breakingWords(site: FailoverSite, primary: string): string[] {
  const { network, databases, fleetFile } = site;
  const { middle } = network;
  const { namespace } = network.host(primary);
  const all = (signal: string) =>
    `for p in $(ip netns pids ${namespace}); do grep -qx postgres /proc/$p/comm && kill -${signal} $p; done`;
  const zone = network.inZone('a').join(' ');
  const proxies = network.hosts['n1'] ? [['kill the proxy of n1', ofProxy(network.host('n1').namespace)]] : [];
  const words = [
    ...proxies,
    [`kill ${primary}`, `kill -9 $(head -1 ${databases.get(primary)?.data}/postmaster.pid)`],
    [`hang ${primary}`, all('STOP')],
    ['let it go on', all('CONT')],
    [`let the packets of ${primary} vanish`, `ip -n ${middle} link set ${primary} nomaster`],
    [`plug ${primary} in again`, `ip -n ${middle} link set ${primary} master switch`],
    ['part zone a from the rest', `for h in ${zone}; do ip -n ${middle} link set $h master apart; done`],
    ['and join it again', `for h in ${zone}; do ip -n ${middle} link set $h master switch; done`],
    [
      'ask the name server',
      `ip netns exec ${network.hosts['cl']?.namespace} kdig +short @${network.hosts['dns']?.address} ${endpointName}`,
    ],
  ];
  const settings = ['TEMPORAL_ADDRESS', 'EVENKEEL_TASK_QUEUE', 'EVENKEEL_STATE'].map(
    (name) => `${name}=${process.env[name] ?? ''}`,
  );
  words.push(
    ['let evenkeel find this all', `export ${settings.join(' ')} EVENKEEL_FLEET=${fleetFile}`],
    ['see the last failover', 'evenkeel show fail-over-endpoint'],
    ['let a former primary rejoin', `evenkeel run rejoin-standby --endpoint ${endpointOfLab} --member ${primary}`],
  );
  return words.map(([what = '', line = '']) => `${what.padEnd(30)}  ${asTyped(line)}`);
}

const ofProxy = (namespace: string): string =>
  `for p in $(ip netns pids ${namespace}); do grep -qx pgbouncer /proc/$p/comm && kill -9 $p; done`;
