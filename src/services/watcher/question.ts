import type { Sight } from '../../contract/sights';
import { readStandbyNames, someWaitForNobody, type CommitSetting } from '../../planning/failover/synchronous';
import { commitSettings } from './commitSettings';
import type { Thing } from './protocol';

type Good = NonNullable<Sight['good']>;

/** A standby hears its primary at least so often, since each observer writes to it all the time, ms. */
const heardWithinMs = 1_000;

/**
 * The request that is repeated. A database says what it is, and a primary takes a write that its own disk must keep; it
 * needs no table. The text of the write is the observer's name, so that whoever counts lost commits can leave it out. The
 * commit of this request alone waits for no standby; what the server gives to its sessions is read before.
 */
export function questionOf({ kind, own }: Thing, observer: string): string {
  if (kind === 'proxy') return 'SHOW VERSION';
  const write = `pg_logical_emit_message(true, 'evenkeel', ${quoted(observer)})`;
  const hears = `exists (select from pg_stat_wal_receiver where status = 'streaming'
    and last_msg_receipt_time > clock_timestamp() - interval '${heardWithinMs} ms')`;
  const waits = `(select json_agg(application_name) from pg_stat_replication where state = 'streaming' and sync_state <> 'async')`;
  return `with server as materialized
      (select pg_is_in_recovery() as standby, current_setting('synchronous_commit') as commits)
    select standby, commits, set_config('synchronous_commit', 'local', true)
    , case when not standby then ${write} end as wrote
    , case when not standby then pg_walfile_name(pg_current_wal_insert_lsn()) end as segment
    , case when not standby then ${commitSettings} end as settings
    , current_setting('synchronous_standby_names') as names
    , case when not standby then ${waits} end as waits
    ${own ? `, case when standby then ${hears} end as receiving` : ''}
    from server`;
}

/** What its answer tells. */
export function readAnswer(
  { kind, own }: Thing,
  row: Record<string, unknown> = {},
): Pick<Sight, 'role' | 'receiving' | 'good'> {
  if (kind === 'proxy') return {};
  const standby = row['standby'] === true;
  return {
    role: standby ? 'standby' : 'primary',
    ...(own && standby && { receiving: row['receiving'] === true }),
    ...(!standby && {
      good: {
        atMs: Date.now(),
        lsn: row['wrote'] as string,
        timeline: Number.parseInt((row['segment'] as string).slice(0, 8), 16),
        ...waitedFor(row),
      },
    }),
  };
}

/**
 * Where some commits need not wait, none is relied on to have waited. A standby that is named and was away for this look is
 * counted: it may be the one that the next commit waits for.
 */
function waitedFor(row: Record<string, unknown>): Pick<Good, 'waitsFor' | 'need' | 'anyone' | 'hangs'> {
  if (someWaitForNobody(row['commits'] as string, row['settings'] as CommitSetting[])) return { waitsFor: [], need: 0 };
  const { need, names, anyone } = readStandbyNames(row['names'] as string);
  const there = ((row['waits'] as string[] | null) ?? []).map((name) => name.toLowerCase());
  const hangs = there.length < need && { hangs: true };
  if (!anyone) return { waitsFor: names, need, ...hangs };
  return { waitsFor: [...new Set([...names, ...there])], need, anyone, ...hangs };
}

const quoted = (text: string): string => `'${text.replaceAll("'", "''")}'`;
