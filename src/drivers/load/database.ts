import { readFileSync } from 'node:fs';
import { Client, DatabaseError } from 'pg';
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

/** One connection for one piece of work; PostgreSQL and the console of pgbouncer speak the same protocol. */
export async function inDatabase<T>(
  database: Database,
  what: string,
  { object, host }: Place,
  signal: AbortSignal,
  work: (client: Client) => Promise<T>,
): Promise<T> {
  const client = new Client({
    connectionString: database.url,
    connectionTimeoutMillis: connectMs,
    application_name: 'evenkeel',
    ...(database.password && { password: readSecret(database.password) }),
    ...(database.ca !== undefined && { ssl: { ca: readFileSync(database.ca) } }),
  });
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
    throw cause instanceof DatabaseError && !passing.test(code)
      ? new Refusal('SaidNo', { what, why, object }, { cause })
      : new Refusal('NoAnswer', { what, why: broken?.message ?? why, host: host.name }, { cause });
  } finally {
    signal.removeEventListener('abort', give);
    await client.end();
  }
}
