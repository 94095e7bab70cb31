import type { Deed } from '../../contract/sights';
import { formatDuration } from '../../contract/amounts';
import { chooseCandidates } from './candidates';
import { answered, memberAt, type EndpointFacts } from './facts';
import { judgeObservations, standbysBeside, type FailoverPlan } from './plan';

/** A failover that the agents made by themselves. */
export type Done = Deed & { failover: NonNullable<Deed['failover']> };

/**
 * The newest that still stands: the forwarders are open under its epoch, to the member that it promoted, and that is there.
 * `own`: the epoch under which whoever asks has closed forwarders itself, before it found out.
 */
export function deedToAdopt(
  { terms, routes, deeds = [], observations }: EndpointFacts,
  own?: number,
): Done | undefined {
  const done = deeds.filter((deed): deed is Done => deed.outcome === 'done' && deed.failover !== undefined);
  const [newest] = done.toSorted((a, b) => b.epoch - a.epoch);
  if (!newest) return undefined;
  const { to } = newest.failover;
  const open = Object.values(routes).filter((route) => answered(route) && route.state === 'open');
  const stands = open.some(
    (route) => answered(route) && route.epoch === newest.epoch && route.to && memberAt(terms, route.to.address) === to,
  );
  const moved = Object.values(routes).some(
    (route) => answered(route) && route.epoch > newest.epoch && route.epoch !== own,
  );
  if (!stands || moved || judgeObservations(terms, to, observations).majority) return undefined;
  return newest;
}

/** What is left to do about it: a plan like any other, whose first acts are done. */
export function planAdopted(facts: EndpointFacts, { failed, failover, epoch }: Done): FailoverPlan {
  const { terms, routes } = facts;
  const { to, sinceMs, verdict, fence } = failover;
  const { candidates, excluded } = chooseCandidates(facts, failed);
  const judgement = judgeObservations(terms, failed, facts.observations);
  const changed = (forwarder: string) => {
    const route = routes[forwarder];
    return answered(route) && route.epoch === epoch && route.state === 'open';
  };
  const forwarders = Object.entries(terms.forwarders);
  return {
    endpoint: terms.endpoint,
    primary: failed,
    judgement: { ...judgement, verdict: verdict as FailoverPlan['judgement']['verdict'], sinceMs },
    candidates: [
      { member: to, host: terms.members[to]!.host, lsn: '', synchronous: true },
      ...candidates.filter(({ member }) => member !== to),
    ],
    excluded: excluded.filter(({ member }) => member !== to),
    others: standbysBeside(facts, [failed, to, ...candidates.map(({ member }) => member)]),
    close: forwarders
      .filter(([forwarder]) => changed(forwarder))
      .map(([forwarder, { host }]) => ({ forwarder, host, from: epoch })),
    silent: forwarders
      .filter(([forwarder]) => !changed(forwarder))
      .map(([forwarder]) => ({ forwarder, why: 'it took no part in what the agents did' })),
    lossless: true,
    hostLost: fence.length === 0,
    sealed: false,
    wished: false,
    asks: [],
  };
}

export const adoptedSentence = ({ failed, failover, epoch }: Done): string =>
  `the agents failed over from ${failed} to ${failover.to} by themselves under epoch ${epoch}`;

export const adoptedSentences = (deed: Done): string[] => {
  const { failover, acts, atMs } = deed;
  return [
    `${adoptedSentence(deed)}, ${formatDuration(failover.openAtMs - failover.sinceMs)} after it was missed`,
    ...failover.votes,
    ...acts.map(({ afterMs, what }) => `after ${formatDuration(afterMs)}: ${what}`),
    `what they could not do is done now: a write through each forwarder, other standbys, the count of what was lost (their deed is of ${new Date(atMs).toISOString()})`,
  ];
};
