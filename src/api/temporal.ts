import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client, Connection, type ConnectionOptions } from '@temporalio/client';
import { loadClientConnectConfig } from '@temporalio/envconfig';
import { Refusal } from '../contract/errors';
import { stateDir } from '../stack/places';
import { readStack } from '../stack/stackState';
import { dataConverter } from './codec';

/** Where Temporal is, as far as this process was told. */
export interface TemporalPlace {
  address: string;
  namespace: string;
  /** The Web UI, when it is known. */
  webUi?: string;
  options: ConnectionOptions;
}

/** The environment and Temporal's own config file come first, then the stack that `evenkeel up` left running here. */
export async function findTemporal(): Promise<TemporalPlace> {
  const { namespace, connectionOptions } = loadClientConnectConfig();
  const stack = readStack(stateDir());
  const address = connectionOptions.address ?? stack?.temporal;
  // Never a default port: whoever listens there may be somebody else's.
  if (!address)
    throw new Refusal('TemporalUnreachable', {
      address: 'any place known here',
      why: 'TEMPORAL_ADDRESS is not set, and `evenkeel up` started nothing here',
    });
  const webUi =
    process.env['EVENKEEL_TEMPORAL_UI'] ?? (address === stack?.temporal ? stack.webUi || undefined : undefined);
  return {
    address,
    namespace: namespace ?? 'default',
    ...(webUi !== undefined && { webUi: webUi.replace(/\/$/, '') }),
    options: { ...(connectionOptions as ConnectionOptions), address },
  };
}

/** A client that has been answered at least once. Waits `waitMs` for a server that is still starting. */
export async function connectTemporal(place: TemporalPlace, waitMs = 0): Promise<Client> {
  // Connection.connect backs off a whole second after the first refused try: knock first.
  await knock(place.address, waitMs);
  try {
    const connection = await Connection.connect({ ...place.options, connectTimeout: 5_000 });
    return new Client({ connection, namespace: place.namespace, dataConverter: dataConverter() });
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new Refusal('TemporalUnreachable', { address: place.address, why }, { cause: error });
  }
}

async function knock(address: string, waitMs: number): Promise<void> {
  const { hostname, port } = new URL(`tcp://${address}`);
  const until = Date.now() + waitMs;
  for (;;) {
    const failure = await knockOnce(hostname.replace(/^\[|\]$/g, ''), Number(port || 7233));
    if (!failure) return;
    if (Date.now() >= until)
      throw new Refusal('TemporalUnreachable', { address, why: failure.message }, { cause: failure });
    await sleep(50);
  }
}

function knockOnce(host: string, port: number): Promise<Error | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 3_000 });
    const end = (failure?: Error) => {
      socket.destroy();
      resolve(failure);
    };
    socket.once('connect', () => end());
    socket.once('timeout', () => end(new Error('no answer within 3 s')));
    socket.once('error', (error) => end(error));
  });
}
