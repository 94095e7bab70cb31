import { setTimeout as pause } from 'node:timers/promises';
import { escapeLiteral } from 'pg';
import type { RoleInput } from '../../contract/capabilities/role';
import { Refusal } from '../../contract/errors';
import type { Line } from './line';
import type { Place } from './place';

const deadlineMs = 5_000;
const what = 'set synchronous_standby_names';

/** Sets it, has it read, and reads it back: what stands on a command line wins over every setting. */
export async function setSynchronous(
  place: Place,
  line: Line,
  { members }: RoleInput<'setSynchronous'>,
): Promise<{ setting: string }> {
  const names = members.map((name) => `"${name.replaceAll('"', '""')}"`).join(', ');
  const wanted = members.length === 0 ? '' : `ANY 1 (${names})`;
  const until = performance.now() + deadlineMs;
  const ask = (text: string) => line.ask<{ setting: string }>(what, text, Math.max(1, until - performance.now()));
  await ask(`alter system set synchronous_standby_names = ${escapeLiteral(wanted)}`);
  await ask('select pg_reload_conf()');
  for (;;) {
    const [row] = await ask("select current_setting('synchronous_standby_names') as setting");
    if (row?.setting === wanted) {
      place.host.log('synchronous standbys set', { endpoint: place.endpoint, setting: wanted });
      return { setting: wanted };
    }
    if (performance.now() > until - 500)
      throw new Refusal('DatabaseSaidNo', { member: place.name, what, why: `it stays ${row?.setting || 'empty'}` });
    await pause(20);
  }
}
