import type { FailoverSite } from '../laboratory/failoverSite';
import { endpointName } from '../laboratory/nameServer';

/** The lines by which a person breaks a laboratory, mends it, and looks into it. */
export function breakingWords({ network, databases }: FailoverSite, primary: string): string[] {
  const { middle } = network;
  const { namespace } = network.host(primary);
  const all = (signal: string) =>
    `for p in $(ip netns pids ${namespace}); do grep -qx postgres /proc/$p/comm && kill -${signal} $p; done`;
  const zone = network.inZone('a').join(' ');
  const words = [
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
  return words.map(([what = '', line]) => `${what.padEnd(30)}  ${line}`);
}
