import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pino } from 'pino';
import { liveFleet } from '../fleet/live';
import { stateDir } from '../stack/places';
import { readTokensFile } from './access';
import { fleetView } from './fleetView';
import { objectsLook } from './objectsLook';
import { guardedLook } from './guardedLook';
import { connectOperator } from './operator';
import { createApi, listen } from './server';

export interface ApiProcess {
  /** Fleet file; the usual places when left out. */
  fleet?: string;
  host?: string;
  port?: number;
  tokens?: string;
  /** PEM files. With an authority, client certificates are taken as well as tokens. */
  tls?: { cert: string; key: string; ca?: string };
}

const defaultPort = 7400;
/** How long the API waits for a Temporal server that is still starting, ms. */
const temporalWaitMs = 60_000;

/** Runs the API until SIGTERM or SIGINT; streams are closed, requests under way are answered. */
export async function runApi(options: ApiProcess): Promise<void> {
  const log = pino({ name: 'api', level: process.env['EVENKEEL_LOG'] ?? 'info' }, pino.destination(2));
  const fleet = liveFleet(options.fleet, (error) =>
    log.error({ err: error }, 'the fleet file is wrong; the last right one stays in force'),
  );
  const tokens = readTokensFile(
    options.tokens ?? process.env['EVENKEEL_TOKENS_FILE'] ?? join(stateDir(), 'tokens.json'),
  );
  const token = tokens.find(({ role }) => role === 'agent')?.token ?? process.env['EVENKEEL_TOKEN'];
  const tls = options.tls && pemOf(options.tls);
  const operator = await connectOperator({ waitMs: temporalWaitMs });
  const look = { fleet, ...(token !== undefined && { token }) };
  const guarded = guardedLook(look, operator);
  const app = createApi({
    operator,
    tokens,
    log,
    fleet: fleetView(look),
    objects: objectsLook(look),
    guarded: guarded.look,
    ...(tls && { tls }),
  });
  const host = options.host ?? '127.0.0.1';
  try {
    const url = await listen(app, host, options.port ?? defaultPort, tls !== undefined);
    log.info({ url, tls: tls !== undefined }, 'ready');
    await untilTold();
  } finally {
    await app.close();
    guarded.close();
    await operator.close();
  }
}

function pemOf({ cert, key, ca }: { cert: string; key: string; ca?: string }) {
  return {
    cert: readFileSync(cert, 'utf8'),
    key: readFileSync(key, 'utf8'),
    ...(ca && { ca: readFileSync(ca, 'utf8') }),
  };
}

const untilTold = (): Promise<void> =>
  new Promise((resolve) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => resolve());
  });
