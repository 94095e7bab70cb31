import type { MemberView, RoleInput } from '../../contract/capabilities/role';
import { Refusal } from '../../contract/errors';
import type { Lease } from '../../contract/operations';
import { endOfCheckpoint, readControl } from './control';
import { isStandby } from './dataFiles';
import { fence } from './fence';
import { unfinished } from './keep';
import type { Line } from './line';
import { readMark, readReinstatement, removeMark, writeMark, writeReinstatement } from './marks';
import { dataOf, factsOf, type Place } from './place';
import { closePort, openPort } from './port';
import { birthOf, kill, postmasterOf } from './processes';
import { hasEnded, startServer } from './server';
import { askFacts } from './facts';
import { statusOf } from './status';

export interface Demoted {
  lsn: string;
  timeline: number;
  tookMs: number;
}

/**
 * Stops a primary cleanly: its clients are let go, and its standbys get everything, the checkpoint of the stop too. A
 * server that was asked to stop takes no client any more and cannot be told to go on. When it has not ended by the
 * deadline, NotStopped is thrown while it goes on stopping, and it is kept down then: `fence` ends it at once, `reinstate`
 * starts it again. Asked again, it tells of the stop that was made.
 */
export async function demote(place: Place, line: Line, { lease, deadlineMs }: RoleInput<'demote'>): Promise<Demoted> {
  refuseIfUndone(place, lease);
  const beganAt = performance.now();
  const data = dataOf(place);
  const postmaster = postmasterOf(data);
  if (postmaster === undefined && readMark(place)?.because !== 'demoted')
    throw new Refusal('NotPrimary', { ...factsOf(place), state: readMark(place) ? 'fenced' : 'down' });
  if (postmaster !== undefined && !readMark(place)) {
    const { standby } = await askFacts(line, deadlineMs);
    if (standby) throw new Refusal('NotPrimary', { ...factsOf(place), state: 'standby' });
  }
  line.close();
  if (postmaster !== undefined) {
    const spares = { pid: postmaster, birth: birthOf(postmaster) ?? '' };
    writeMark(place, { epoch: lease.epoch, because: 'demoted', spares });
    kill(postmaster, 'SIGINT');
    if (!(await hasEnded(place, deadlineMs - (performance.now() - beganAt))))
      throw new Refusal('NotStopped', { ...factsOf(place), seconds: deadlineMs / 1000, why: 'it is still stopping' });
  }
  writeMark(place, { epoch: lease.epoch, because: 'demoted' });
  await closePort(place); // not before: its standbys come through it for the rest
  const control = await readControl(place);
  if (control.state !== 'shut down')
    throw new Refusal('NotStopped', {
      ...{ ...factsOf(place), seconds: deadlineMs / 1000 },
      why: `it ended, and not cleanly: its state is "${control.state}"`,
    });
  const lsn = await endOfCheckpoint(place, control);
  const tookMs = performance.now() - beganAt;
  place.host.log('demoted', { endpoint: place.endpoint, epoch: lease.epoch, lsn, tookMs });
  return { lsn, timeline: control.timeline, tookMs };
}

/** An order that was on its way while its run undid it: a network that comes back may deliver it last. */
export function refuseIfUndone(place: Place, lease: Lease): void {
  const undone = readReinstatement(place);
  if (undone && lease.epoch <= undone.epoch)
    throw new Refusal('OrderUndone', { ...factsOf(place), epoch: lease.epoch });
}

/** The undo of a demotion or a fence: starts it as the primary that it was. That nobody was promoted meanwhile knows the caller. */
export async function reinstate(
  place: Place,
  line: Line,
  { lease, deadlineMs }: RoleInput<'reinstate'>,
): Promise<MemberView> {
  const until = performance.now() + deadlineMs;
  const left = () => Math.max(1, until - performance.now());
  const data = dataOf(place);
  if (isStandby(data)) throw new Refusal('NotPrimary', { ...factsOf(place), state: 'standby' });
  if (unfinished(place)) throw new Refusal('NotPrimary', { ...factsOf(place), state: 'rewound in part' });
  const mark = readMark(place);
  if (mark && postmasterOf(data) !== undefined && !(await hasEnded(place, left() / 2)))
    await fence(place, lease, left());
  writeReinstatement(place, { epoch: lease.epoch });
  removeMark(place);
  await openPort(place);
  await startServer(place, left());
  place.host.log('reinstated', { endpoint: place.endpoint, epoch: lease.epoch });
  return statusOf(place, line, Math.max(1_000, left()));
}
