import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { Client } from '@temporalio/client';
import { makeTelemetryFilterString, NativeConnection, Runtime, type NativeConnectionOptions } from '@temporalio/worker';
import { pino, type Logger } from 'pino';
import { version } from '../agent/version';
import { dataConverter } from '../api/codec';
import { workerIdentity } from '../api/listWorkers';
import { connectTemporal, findTemporal } from '../api/temporal';
import { registerSearchAttributes } from '../api/searchAttributes';
import { liveFleet } from '../fleet/live';
import { createWorker } from './worker';

/** How long a worker waits for a Temporal server that is still starting, ms. */
const temporalWaitMs = 60_000;

export interface WorkerOptions {
  /** Fleet file; the usual places when left out. */
  fleet?: string;
  /** `address:port` at which Prometheus may scrape this worker. */
  metrics?: string;
}

/** Runs until SIGTERM or SIGINT, then lets go of its jobs, which go on, and ends. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const log = pino({ name: 'worker', level: process.env['EVENKEEL_LOG'] ?? 'info' }, pino.destination(2));
  installRuntime(log, options.metrics);
  const place = await findTemporal();
  const client = await connectTemporal(place, temporalWaitMs);
  await registerSearchAttributes(client);
  const connection = await NativeConnection.connect(place.options as NativeConnectionOptions);
  const fleet = liveFleet(options.fleet, (error) =>
    log.error({ error }, 'the fleet file is wrong; the last right one stays in force'),
  );
  const token = agentToken();
  const worker = await createWorker({
    connection,
    client: new Client({ connection, namespace: place.namespace, dataConverter: dataConverter() }),
    fleet,
    identity: workerIdentity(process.pid, hostname(), version),
    ...(token !== undefined && { token }),
  });
  log.info({ temporal: place.address, fleet: fleet().fleet }, 'ready');
  await worker.run();
  await Promise.all([connection.close(), client.connection.close()]);
}

/** The SDK's log through ours, and its metrics for Prometheus when asked for. The Runtime ends the worker on SIGTERM. */
function installRuntime(log: Logger, metrics: string | undefined): void {
  Runtime.install({
    logger: {
      log: (level, message, meta) => log[level === 'TRACE' ? 'trace' : lower(level)]({ ...meta }, message),
      trace: (message, meta) => log.trace({ ...meta }, message),
      debug: (message, meta) => log.debug({ ...meta }, message),
      info: (message, meta) => log.info({ ...meta }, message),
      warn: (message, meta) => log.warn({ ...meta }, message),
      error: (message, meta) => log.error({ ...meta }, message),
    },
    telemetryOptions: {
      logging: { filter: makeTelemetryFilterString({ core: 'WARN', other: 'ERROR' }), forward: {} },
      ...(metrics !== undefined && { metrics: { prometheus: { bindAddress: metrics } } }),
    },
  });
}

const lower = (level: 'DEBUG' | 'INFO' | 'WARN' | 'ERROR') =>
  level.toLowerCase() as 'debug' | 'info' | 'warn' | 'error';

/** From a file or the environment, never from a flag, which everyone on the host could read. */
function agentToken(): string | undefined {
  const file = process.env['EVENKEEL_TOKEN_FILE'];
  return file ? readFileSync(file, 'utf8').trim() : process.env['EVENKEEL_TOKEN'];
}

if (require.main === module)
  runWorker({ ...(process.env['EVENKEEL_FLEET'] && { fleet: process.env['EVENKEEL_FLEET'] }) }).catch(
    (error: unknown) => {
      process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
      process.exitCode = 1;
    },
  );
