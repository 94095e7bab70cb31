import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { runProgram, type Ground } from './ground';

/** Of a connection in /proc/net/tcp. */
const established = '01';

/**
 * Resets the connections that this host has at an address, before it gives that up. The kernel of a proxy that hangs has
 * taken what its clients sent: they would wait for an answer, and nobody else could tell them that none will come.
 */
export async function sever(ground: Ground, address: string): Promise<void> {
  if (!isIPv4(address) || !hasConnections(address)) return;
  try {
    await runProgram(ground, `resetting the connections at ${address}`, ['ss', '-K', '-t', '-H', 'src', address]);
  } catch (error) {
    // A kernel without INET_DIAG_DESTROY: its clients wait for their own timeouts, and the address moves all the same.
    ground.host.log('connections were not reset', { address, why: (error as Error).message });
  }
}

/** Asked first, since most proxies that fail have died, and their connections with them. */
function hasConnections(address: string): boolean {
  const hex = Buffer.from(address.split('.').map(Number)).readUInt32LE().toString(16).toUpperCase().padStart(8, '0');
  return ['tcp', 'tcp6'].some((name) =>
    readFileSync(`/proc/net/${name}`, 'latin1')
      .split('\n')
      .some((line) => {
        const [, local = '', , state] = line.trim().split(/\s+/);
        return state === established && local.split(':')[0]!.endsWith(hex);
      }),
  );
}
