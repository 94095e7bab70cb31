import type { CommitSetting } from '../../planning/failover/synchronous';
import { commitSettings } from '../../services/watcher/commitSettings';
import type { Line } from './line';

/** What a server says of itself, in one answer. */
export interface Facts {
  standby: boolean;
  version: number;
  system: string;
  timeline: number;
  lsn: string;
  replayed: string | null;
  /** It calls itself streaming before it has even connected: here, once a message came or it has not been sent away for a while. */
  receiver: { status: string; host: string; port: number; timeline: number; heard: number | null } | null;
  paused: string | null;
  standbys: {
    member: string;
    sync: 'sync' | 'quorum' | 'potential' | 'async';
    streaming: boolean;
    lag: number | null;
  }[];
  settings: Record<string, string>;
  /** What synchronous_commit is set to for roles and databases. */
  commits: CommitSetting[];
  /** Settings that only the command line of its last start gives. */
  byCommand: string[];
  slots: number;
}

const wanted = [
  ...[
    'wal_log_hints',
    'data_checksums',
    'full_page_writes',
    'wal_retrieve_retry_interval',
    'synchronous_standby_names',
  ],
  ...[
    'synchronous_commit',
    'max_wal_senders',
    'hot_standby',
    'wal_keep_size',
    'recovery_min_apply_delay',
    'primary_conninfo',
  ],
];

const question = `
select r.standby, current_setting('server_version_num')::int / 10000 as version,
  (select system_identifier::text from pg_control_system()) as system,
  case when r.standby
    then greatest((select max(received_tli) from pg_stat_wal_receiver),
      (select min_recovery_end_timeline from pg_control_recovery()), (select timeline_id from pg_control_checkpoint()))
    else ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as timeline,
  case when r.standby then greatest(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
    else pg_current_wal_lsn() end::text as lsn,
  case when r.standby then pg_last_wal_replay_lsn()::text end as replayed,
  case when r.standby then pg_get_wal_replay_pause_state() end as paused,
  (select json_build_object('status', case
        when sender_host is null then 'connecting'
        when last_msg_send_time is distinct from last_msg_receipt_time
          or last_msg_receipt_time < clock_timestamp() - interval '500 ms' then status
        else 'connecting' end, 'host', sender_host, 'port', sender_port, 'timeline', received_tli,
      'heard', extract(epoch from clock_timestamp() - last_msg_receipt_time) * 1000)
    from pg_stat_wal_receiver where status is not null limit 1) as receiver,
  coalesce((select json_agg(json_build_object('member', application_name, 'sync', sync_state,
      'streaming', state = 'streaming',
      'lag', case when not r.standby then pg_wal_lsn_diff(pg_current_wal_lsn(), flush_lsn) end))
    from pg_stat_replication where state <> 'backup'), '[]') as standbys,
  (select json_object_agg(name, setting) from pg_settings where name in (${wanted.map((name) => `'${name}'`).join(', ')})) as settings,
  ${commitSettings} as commits,
  coalesce((select json_agg(name) from pg_settings where source = 'command line'), '[]') as "byCommand",
  (select count(*)::int from pg_replication_slots where slot_type = 'physical') as slots
from (select pg_is_in_recovery() as standby) r`;

export async function askFacts(line: Line, deadlineMs: number): Promise<Facts> {
  const [facts] = await line.ask<Facts>('tell its role', question, deadlineMs);
  if (!facts) throw new Error('a question for one row had none');
  return facts;
}
