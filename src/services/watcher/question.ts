import type { Sight } from '../../contract/sights';
import type { Thing } from './protocol';

/** A standby hears its primary at least so often, since each observer writes to it all the time, ms. */
const heardWithinMs = 1_000;

/**
 * The request that is repeated. A database says what it is, and a primary takes a write that its own disk must keep; it
 * needs no table. The text of the write is the observer's name, so that whoever counts lost commits can leave it out.
 */
export function questionOf({ kind, own }: Thing, observer: string): string {
  if (kind === 'proxy') return 'SHOW VERSION';
  const write = `pg_logical_emit_message(true, 'evenkeel', ${quoted(observer)})`;
  const hears = `exists (select from pg_stat_wal_receiver where status = 'streaming'
    and last_msg_receipt_time > clock_timestamp() - interval '${heardWithinMs} ms')`;
  return `select pg_is_in_recovery() as standby, case when pg_is_in_recovery() then null else ${write} end as wrote
    ${own ? `, case when pg_is_in_recovery() then ${hears} end as receiving` : ''}`;
}

/** What its answer tells. */
export function readAnswer({ kind, own }: Thing, row: Record<string, unknown> = {}): Pick<Sight, 'role' | 'receiving'> {
  if (kind === 'proxy') return {};
  const standby = row['standby'] === true;
  return {
    role: standby ? 'standby' : 'primary',
    ...(own && standby && { receiving: row['receiving'] === true }),
  };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
