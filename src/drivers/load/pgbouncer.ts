import type { Client } from 'pg';
import { Refusal } from '../../contract/errors';
import type { Pgbouncer } from '../../contract/resizes';
import { inDatabase } from './database';
import type { Place, Resizer } from './object';

/**
 * The default pool size of pgbouncer, through its admin console: in force at once, without a restart. A restart or RELOAD
 * brings back what pgbouncer.ini says; the next run sees that and sets it again.
 */
export function pgbouncer(config: Pgbouncer, place: Place): Resizer {
  const what = `pgbouncer at ${new URL(config.url).host || 'a local socket'}`;
  const atConsole = <T>(signal: AbortSignal, work: (client: Client) => Promise<T>) =>
    inDatabase(config, what, place, signal, work);
  return {
    what,
    unit: 'connections',
    grain: 1,
    tells: true,
    read: (signal) => atConsole(signal, (client) => poolSize(client, config, what, place)),
    write: ({ size }, signal) =>
      atConsole(signal, async (client) => void (await client.query(`SET default_pool_size = ${size}`))),
  };
}

/** Of the one database, if the fleet file names it: that one may have a pool size of its own, which nothing here can change. */
async function poolSize(client: Client, { database }: Pgbouncer, what: string, { object }: Place): Promise<number> {
  const { rows: settings } = await client.query<{ key: string; value: string }>('SHOW CONFIG');
  const standard = Number(settings.find(({ key }) => key === 'default_pool_size')?.value);
  if (database === undefined) return standard;
  const { rows } = await client.query<{ name: string; pool_size: string | number }>('SHOW DATABASES');
  const row = rows.find(({ name }) => name === database);
  if (!row) throw new Refusal('SaidNo', { what, why: `it has no database "${database}"`, object });
  const own = Number(row.pool_size);
  if (own === standard) return standard;
  const why = `${database} has a pool_size of its own (${own}), which only pgbouncer.ini can change`;
  throw new Refusal('SaidNo', { what, why, object });
}
