import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { Client, DatabaseError, type ClientConfig } from 'pg';
import { Refusal } from '../../contract/errors';
import type { Secret } from '../../contract/series';
import type { Place } from './object';
import { readSecret } from './secret';

export interface Database {
  url: string;
  password?: Secret | undefined;
  ca?: string | undefined;
}

const connectMs = 5_000;

/** Classes of errors that pass by themselves: connection, resources, an operator's hand (a restart, a timeout). */
const passing = /^(08|53|57)/;

/** Not of the server, yet no retry changes them: a password or certificate that does not fit. */
const unfit = /SASL|CERT|SELF_SIGNED|UNABLE_TO|does not support SSL/;

/** One connection for one piece of work; PostgreSQL and the console of pgbouncer speak the same protocol. */
export async function inDatabase<T>(
  database: Database,
  what: string,
  { object, host }: Place,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client(settingsOf(database));
  let broken: Error | undefined;
  client.on('error', (error) => (broken ??= error)); // it also fails the query that is under way
  const give = () => void client.end();
  signal.addEventListener('abort', give, { once: true });
  try {
    await client.connect();
    return await work(client);
  } catch (cause) {
    if (cause instanceof Refusal || signal.aborted) throw cause;
    const { message, code = '' } = cause as { message: string; code?: string };
    const why = message || code;
    throw (cause instanceof DatabaseError && !passing.test(code)) || unfit.test(`${code} ${message}`)
      ? new Refusal('SaidNo', { what, why, object }, { cause })
      : new Refusal('NoAnswer', { what, why: broken?.message ?? why, host: host.name }, { cause });
  } finally {
    signal.removeEventListener('abort', give);
    await client.end();
  }
}

/** The library would let an address without a password win over the password beside it. */
export function settingsOf({ url, password, ca }: Database): ClientConfig {
  const address = new URL(url);
  const more = address.searchParams;
  const tls = ca !== undefined || /^(require|verify-ca|verify-full)$/.test(more.get('sslmode') ?? '');
  return {
    host: address.hostname || (more.get('host') ?? '/var/run/postgresql'),
    port: Number(address.port || (more.get('port') ?? 5432)),
    user: decodeURIComponent(address.username) || (more.get('user') ?? userInfo().username),
    database: decodeURIComponent(address.pathname.slice(1)) || 'postgres',
    connectionTimeoutMillis: connectMs,
    application_name: 'evenkeel',
    ...(password && { password: readSecret(password) }),
    ssl: tls && { rejectUnauthorized: true, ...(ca !== undefined && { ca: readFileSync(ca) }) },
  };
}
