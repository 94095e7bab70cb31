import { lowered, readStandbyNames, waitsForNobody } from '../../planning/failover/synchronous';
import type { Facts } from './facts';
import type { Place } from './place';

/** What has to be mended before a failover can be relied on. */
export function cautionsOf(place: Place, facts: Facts): string[] {
  return [...always(facts), ...(facts.standby ? ofStandby(facts) : ofPrimary(place, facts))];
}

function always({ settings, byCommand, slots }: Facts): string[] {
  const said: string[] = [];
  const hints = settings['wal_log_hints'] === 'on';
  const checksums = settings['data_checksums'] === 'on';
  if (!hints && !checksums)
    said.push(
      'Neither wal_log_hints nor data checksums are on: it cannot be rewound, and would need a new base backup',
    );
  if (hints && !checksums && byCommand.includes('wal_log_hints'))
    said.push(
      'wal_log_hints stands on its command line only, where pg_rewind does not see it: set it in postgresql.conf',
    );
  if (settings['full_page_writes'] === 'off') said.push('full_page_writes is off: nothing can be rewound from it');
  if (Number(settings['wal_retrieve_retry_interval']) > 100)
    said.push(
      `wal_retrieve_retry_interval is ${settings['wal_retrieve_retry_interval']} ms: a promotion may sleep for so long; 100 ms is good`,
    );
  if (settings['max_wal_senders'] === '0') said.push('max_wal_senders is 0: nobody can follow it');
  if (settings['hot_standby'] === 'off')
    said.push('hot_standby is off: as a standby it answers nobody, and looks silent');
  if (Number(settings['wal_keep_size']) === 0 && slots === 0)
    said.push('wal_keep_size is 0 and there is no slot: a standby that was away for a while cannot catch up');
  return said;
}

function ofStandby({ settings, receiver, paused }: Facts): string[] {
  const said: string[] = [];
  if (receiver?.status !== 'streaming') said.push('It receives nothing from a primary');
  if (paused !== 'not paused')
    said.push('Replay is paused: a promotion resumes it first, and takes as long as that needs');
  if (Number(settings['recovery_min_apply_delay']) > 0)
    said.push(
      `recovery_min_apply_delay is ${settings['recovery_min_apply_delay']} ms: what it delays is missing after a promotion`,
    );
  return said;
}

function ofPrimary({ entry, name }: Place, { settings, commits, standbys }: Facts): string[] {
  const said: string[] = [];
  const names = settings['synchronous_standby_names'] ?? '';
  const confirms = standbys.some(({ sync, streaming }) => streaming && (sync === 'sync' || sync === 'quorum'));
  if (names === '') said.push('No commit waits for a standby: what a failover loses is up to chance');
  else if (!confirms) said.push(`synchronous_standby_names is ${names}, and none of them streams: commits hang`);
  if (readStandbyNames(names).anyone)
    said.push(
      `synchronous_standby_names is ${names}: whoever streams can let it acknowledge commits, so that a failover needs the proof that it is dead; name the standbys`,
    );
  if (names !== '' && waitsForNobody(settings['synchronous_commit']))
    said.push(
      `synchronous_commit is ${settings['synchronous_commit']}: a commit waits for no standby all the same; set it to on, and reload`,
    );
  if (names !== '')
    for (const { value, whose } of lowered(commits))
      said.push(
        `synchronous_commit is ${value} for ${whose}: those commits wait for no standby; reset it there, and let its sessions connect anew`,
      );
  for (const peer of Object.keys(entry.members))
    if (peer !== name && !standbys.some(({ member, streaming }) => member === peer && streaming))
      said.push(`${peer} does not stream from it`);
  return said;
}
