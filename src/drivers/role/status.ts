import type { MemberView } from '../../contract/capabilities/role';
import { Refusal } from '../../contract/errors';
import { someWaitForNobody } from '../../planning/failover/synchronous';
import { cautionsOf } from './cautions';
import { askFacts, type Facts } from './facts';
import type { Line } from './line';
import { readMark, readPromotion } from './marks';
import { dataOf, type Place } from './place';
import { postmasterOf } from './processes';

/** What the member is now: first by its processes, which no hung database can hide, then by what it says itself. */
export async function statusOf(place: Place, line: Line, deadlineMs: number): Promise<MemberView> {
  const postmaster = postmasterOf(dataOf(place));
  const seen = { member: place.name, ...(postmaster !== undefined && { postmaster }) };
  const mark = readMark(place);
  if (mark)
    return { ...seen, state: 'fenced', cautions: [`It is kept down since ${mark.since}, under epoch ${mark.epoch}`] };
  if (postmaster === undefined) return { ...seen, state: 'down', cautions: [] };
  try {
    const facts = await askFacts(line, deadlineMs);
    const promotion = facts.standby ? undefined : readPromotion(place);
    const promoted = promotion && { promoted: promotion.epoch };
    return { ...seen, ...viewOf(facts), ...promoted, cautions: cautionsOf(place, facts) };
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'DatabaseSilent') throw error;
    return {
      ...seen,
      state: 'silent',
      cautions: [`Its process ${postmaster} runs and does not answer: ${error.facts['why']}`],
    };
  }
}

function viewOf({
  standby,
  version,
  system,
  timeline,
  lsn,
  replayed,
  receiver,
  paused,
  standbys,
  settings,
  commits,
}: Facts) {
  const common = { version, systemId: system, timeline, lsn };
  if (!standby) {
    const synchronous =
      settings['synchronous_standby_names'] !== '' && !someWaitForNobody(settings['synchronous_commit'], commits);
    const seen = standbys.map(({ lag, ...each }) => ({ ...each, lagBytes: lag ?? 0 }));
    return { state: 'primary' as const, ...common, standbys: seen, synchronous };
  }
  return {
    ...{ state: 'standby' as const, ...common },
    ...(replayed !== null && { replayedLsn: replayed }),
    receiving: receiver?.status === 'streaming',
    ...(receiver?.heard != null && { heardMs: Math.max(0, receiver.heard) }),
    ...(receiver && { follows: receiver.host }),
    replayPaused: paused !== 'not paused',
  };
}
