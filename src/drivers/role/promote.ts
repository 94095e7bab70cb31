import { setTimeout as pause } from 'node:timers/promises';
import type { RoleInput } from '../../contract/capabilities/role';
import { Refusal } from '../../contract/errors';
import { finished } from './keep';
import type { Line } from './line';
import { readMark, readPromotion, writePromotion } from './marks';
import { dataOf, factsOf, type Place } from './place';
import { postmasterOf } from './processes';
import { askFacts } from './facts';

export interface Promoted {
  timeline: number;
  lsn: string;
  asked: number;
  tookMs: number;
}

/**
 * A request that lands just after the WAL receiver died may sleep for wal_retrieve_retry_interval: it is sent again this
 * often, ms.
 */
const askEveryMs = 100;
const lookEveryMs = 10;

/**
 * Makes a standby the primary. Replay that somebody paused is resumed first, since acknowledged commits may wait in it.
 * Asked again under the same epoch, it tells of the promotion that was made. A member that somebody else has promoted since
 * it was chosen is told of too where nothing is lost by it, or somebody was asked (`adopt`): who was refused it would promote
 * another one beside it.
 */
export async function promote(
  place: Place,
  line: Line,
  { lease, deadlineMs, adopt = false }: RoleInput<'promote'>,
): Promise<Promoted> {
  const beganAt = performance.now();
  const until = beganAt + deadlineMs;
  const left = () => Math.max(1, until - performance.now());
  refuseDown(place);
  const facts = await askFacts(line, left());
  if (!facts.standby && readPromotion(place)?.epoch !== lease.epoch) {
    if (!adopt) throw new Refusal('NotStandby', { ...factsOf(place), state: 'primary' });
    place.host.log('somebody else has promoted it', { endpoint: place.endpoint, epoch: lease.epoch });
  }
  if (facts.standby && facts.paused !== 'not paused') {
    place.host.log('replay was paused, and is resumed for a promotion', {
      endpoint: place.endpoint,
      lsn: facts.replayed,
    });
    await line.ask('resume replay', 'select pg_wal_replay_resume()', left());
  }
  writePromotion(place, { epoch: lease.epoch });
  finished(place); // a rewind that was begun before it followed is none of the next failover's
  const asked = facts.standby ? await ask(place, line, until) : 0;
  const { timeline, lsn } = await askFacts(line, Math.max(1_000, left())).catch((cause: unknown) => {
    if (asked === 0 || !(cause instanceof Refusal)) throw cause;
    // It is the primary by now: whoever asked must not take it for one that never will be.
    const seconds = ((performance.now() - beganAt) / 1000).toFixed(1);
    throw new Refusal('NotPromoted', { ...factsOf(place), seconds, why: String(cause.facts['why']) }, { cause });
  });
  const tookMs = performance.now() - beganAt;
  if (asked > 0)
    place.host.log('promoted', { endpoint: place.endpoint, epoch: lease.epoch, timeline, lsn, asked, tookMs });
  return { timeline, lsn, asked, tookMs };
}

function refuseDown(place: Place): void {
  const state = readMark(place) ? 'fenced' : postmasterOf(dataOf(place)) === undefined ? 'down' : undefined;
  if (state !== undefined) throw new Refusal('NotStandby', { ...factsOf(place), state });
}

async function ask(place: Place, line: Line, until: number): Promise<number> {
  const beganAt = performance.now();
  for (let asked = 0, taken = 0, nextAt = 0; ; await pause(lookEveryMs)) {
    const now = performance.now();
    if (now > until) {
      const seconds = ((now - beganAt) / 1000).toFixed(1);
      throw new Refusal('NotPromoted', {
        ...factsOf(place),
        seconds,
        why: `it is still in recovery after ${asked} requests`,
      });
    }
    try {
      if (!(await inRecovery(line, until - now))) return asked;
      if (now < nextAt) continue;
      asked++;
      nextAt = now + askEveryMs;
      await line.ask('be promoted', 'select pg_promote(false)', until - now);
      taken++;
    } catch (cause) {
      if (!(cause instanceof Refusal)) throw cause;
      if (isPromotedAlready(cause)) continue;
      if (taken === 0 && cause.code === 'DatabaseSaidNo') throw cause; // it heard of no promotion, and will not be the primary later
      if (cause.code === 'DatabaseSilent' && postmasterOf(dataOf(place)) !== undefined && performance.now() < until)
        continue;
      const seconds = ((performance.now() - beganAt) / 1000).toFixed(1);
      throw new Refusal('NotPromoted', { ...factsOf(place), seconds, why: String(cause.facts['why']) }, { cause });
    }
  }
}

async function inRecovery(line: Line, deadlineMs: number): Promise<boolean> {
  const [row] = await line.ask<{ standby: boolean }>(
    'tell its role',
    'select pg_is_in_recovery() as standby',
    deadlineMs,
  );
  return row?.standby ?? true;
}

/** It came out of recovery between the look and the request. */
const isPromotedAlready = ({ cause }: Refusal): boolean => (cause as { code?: string } | undefined)?.code === '55000';
