import { runProgram, type Ground } from './ground';
import { mark } from './routeTable';

/** A connection as its client sees it. */
export interface Connection {
  client: { address: string; port: number };
  /** The forwarder, as the client addressed it. */
  endpoint: { address: string; port: number };
}

const line =
  / ESTABLISHED src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) src=\S+ dst=\S+ sport=\d+ dport=\d+ .*?mark=(\d+)/;

/** The connections of an endpoint's port to an address that wait: established, and their client has not been reset. */
export async function waitingConnections(ground: Ground, port: number, address: string): Promise<Connection[]> {
  const filter = ['-p', 'tcp', '--orig-port-dst', String(port), '--reply-src', address];
  const listed = await runProgram(ground, 'listing its connections', ['conntrack', '-L', ...filter]);
  return listed.split('\n').flatMap((text) => {
    const [, client, endpoint, clientPort, endpointPort, marked] = line.exec(text) ?? [];
    if (client === undefined || endpoint === undefined || Number(marked) === mark) return [];
    return [
      {
        client: { address: client, port: Number(clientPort) },
        endpoint: { address: endpoint, port: Number(endpointPort) },
      },
    ];
  });
}
