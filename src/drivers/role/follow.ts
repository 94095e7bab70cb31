import { setTimeout as pause } from 'node:timers/promises';
import { escapeLiteral } from 'pg';
import type { MemberView, RoleInput } from '../../contract/capabilities/role';
import { Refusal } from '../../contract/errors';
import { conninfoTo, quoted } from './conninfo';
import { isStandby, removeFrom, replaceIn, setWhileDown } from './dataFiles';
import { finished, unfinished } from './keep';
import type { Line } from './line';
import { divergence, hasMore } from './lost';
import { removeMark } from './marks';
import { dataOf, factsOf, peerOf, type Place } from './place';
import { openPort } from './port';
import { postmasterOf } from './processes';
import { complaintOf, startServer } from './server';
import { askFacts } from './facts';
import { statusOf } from './status';

/**
 * Makes the member follow a primary, without a rewind. One that runs as a standby is told anew, without a restart; one that
 * is down is started as a standby, if nothing it has is missing at the primary. Only then it is no longer kept down.
 */
export async function follow(
  place: Place,
  line: Line,
  { primary, deadlineMs }: RoleInput<'follow'>,
): Promise<MemberView> {
  const until = performance.now() + deadlineMs;
  const left = () => Math.max(1, until - performance.now());
  const data = dataOf(place);
  peerOf(place, primary);
  if (postmasterOf(data) === undefined) await startAsStandby(place, primary, left);
  else if (isStandby(data)) await release(place);
  const { standby, timeline, lsn } = await untilAnswers(place, primary, line, until);
  if (!standby) throw new Refusal('NotStandby', { ...factsOf(place), state: 'primary' });
  if (await hasMore(place, primary, timeline, lsn)) throw new Refusal('Diverged', { ...factsOf(place), primary });
  await tell(place, line, settingsFor(place, primary), left());
  removeMark(place);
  await untilStreams(place, primary, line, until);
  finished(place);
  place.host.log('follows', { endpoint: place.endpoint, primary });
  return statusOf(place, line, Math.max(1_000, left()));
}

/** What was true of it as a primary says nothing of it as a standby: whom commits wait for is told to it anew. */
function settingsFor(place: Place, primary: string): Record<string, string> {
  return {
    primary_conninfo: `${conninfoTo(place, primary)} application_name=${quoted(place.name)}`,
    recovery_target_timeline: 'latest',
    wal_retrieve_retry_interval: '100ms',
    synchronous_standby_names: '',
  };
}

async function startAsStandby(place: Place, primary: string, left: () => number): Promise<void> {
  const data = dataOf(place);
  const half = unfinished(place)?.rewound === false;
  if (half || (await divergence(place, primary)).diverged)
    throw new Refusal('Diverged', { ...factsOf(place), primary });
  setWhileDown(data, settingsFor(place, primary));
  removeFrom(data, 'recovery.signal');
  replaceIn(data, 'standby.signal', '');
  await release(place);
  await startServer(place, left());
}

/** It can only be a standby from here on: its port may be open. */
async function release(place: Place): Promise<void> {
  const why = await openPort(place);
  if (why !== undefined) throw new Refusal('KernelRefused', { what: 'opening its port', host: place.host.name, why });
}

async function tell(place: Place, line: Line, settings: Record<string, string>, deadlineMs: number): Promise<void> {
  for (const [name, value] of Object.entries(settings)) {
    if (name === 'recovery_target_timeline') continue; // a restart alone changes it, and `latest` is what it is without
    await line.ask(`set ${name}`, `alter system set ${name} = ${escapeLiteral(value)}`, deadlineMs);
  }
  await line.ask('read its settings', 'select pg_reload_conf()', deadlineMs);
}

async function untilAnswers(place: Place, primary: string, line: Line, until: number) {
  for (;;) {
    try {
      return await askFacts(line, Math.max(1, until - performance.now()));
    } catch (cause) {
      const passes = cause instanceof Refusal && cause.code === 'DatabaseSilent';
      if (!passes) throw cause;
      if (performance.now() > until || postmasterOf(dataOf(place)) === undefined) {
        const why = complaintOf(place) || String(cause.facts['why']);
        throw new Refusal('NotFollowing', { ...factsOf(place), primary, why }, { cause });
      }
      await pause(20);
    }
  }
}

async function untilStreams(place: Place, primary: string, line: Line, until: number): Promise<void> {
  const { address, port } = peerOf(place, primary);
  for (;;) {
    const { receiver } = await untilAnswers(place, primary, line, until);
    if (receiver?.status === 'streaming' && receiver.host === address && receiver.port === port) return;
    if (performance.now() > until) {
      const seen = receiver
        ? `its WAL receiver is ${receiver.status} at ${receiver.host}:${receiver.port}`
        : 'no WAL receiver runs';
      const said = complaintOf(place);
      throw new Refusal('NotFollowing', { ...factsOf(place), primary, why: said ? `${seen}; ${said}` : seen });
    }
    await pause(20);
  }
}
