import { runProgram, type Ground } from './ground';
import { mark } from './routeTable';

/** A connection as its client sees it. */
export interface Connection {
  client: { address: string; port: number };
  /** The forwarder, as the client addressed it. */
  endpoint: { address: string; port: number };
}

/**
 * The kernel has noted what the server's host said at its end although nothing of it is passed on: the first such FIN makes
 * an established connection FIN_WAIT, and what is sent again after it CLOSE_WAIT or LAST_ACK. The client knows nothing of it.
 */
const line =
  / (?:ESTABLISHED|FIN_WAIT|CLOSE_WAIT|LAST_ACK) src=(\S+) dst=(\S+) sport=(\d+) dport=(\d+) src=\S+ dst=\S+ sport=\d+ dport=\d+ .*?mark=(\d+)/;

/** The connections of an endpoint's port to an address that wait: their client has not been reset. */
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
