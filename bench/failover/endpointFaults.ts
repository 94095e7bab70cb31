import type { Network } from '../../src/laboratory/network';
import { processesIn, signalAll } from '../../src/laboratory/processes';

/** How a primary fails: the same for everybody who guards it. Each answers with the moment when it was done. */
const faults: Record<string, (network: Network, primary: string) => unknown> = {
  killed: (network, primary) => signalPostgres(network, primary, 'SIGKILL'),
  /** No packet comes from it or reaches it any more, and nobody is told. */
  'node-lost': (network, primary) => network.cut(primary),
  hung: (network, primary) => signalPostgres(network, primary, 'SIGSTOP'),
  /** With the forwarder of its zone. */
  partitioned: (network, primary) => network.partition(...network.inZone(network.host(primary).zone)),
};

export const endpointFaults = Object.keys(faults);

export async function breakPrimary(network: Network, fault: string, primary: string): Promise<number> {
  await faults[fault]!(network, primary);
  return performance.timeOrigin + performance.now();
}

/** The postmaster and all its children at once. */
function signalPostgres(network: Network, primary: string, signal: NodeJS.Signals): void {
  const pids = processesIn(network.host(primary).namespace, 'postgres');
  if (pids.length === 0) throw new Error(`no postgres runs on ${primary}`);
  signalAll(pids, signal);
}
