import type { MemberView } from '../../contract/capabilities/role';
import type { Observation, Sight } from '../../contract/sights';
import { answered, type EndpointFacts } from './facts';
import { bytesBetween, positionOf } from './lsn';

export interface Candidate {
  member: string;
  host: string;
  lsn: string;
  /** A commit of the old primary waited for it. */
  synchronous: boolean;
  /** It is the primary already, on this timeline: somebody promoted it past us. */
  promoted?: number;
}

export interface Choice {
  /** The most advanced first. */
  candidates: Candidate[];
  /** Members that cannot take over, and why. */
  excluded: { member: string; why: string }[];
  /**
   * Nothing that was acknowledged is missing from the first: every commit waited for standbys, and enough of them answer to
   * know the furthest. How fresh that knowledge is: `synchronousMs` before the primary was last seen well.
   */
  lossless: boolean;
  /**
   * Besides, every standby was needed for a commit, and nobody can join them: without the one that is promoted nothing more
   * can be acknowledged.
   */
  sealed: boolean;
  /** WAL that the old primary was known to have and the first candidate lacks, bytes; unknown when nobody saw it lately. */
  lagBytes?: number;
}

type Good = NonNullable<Sight['good']>;

/** What the observers last knew of the primary when it was well. */
export function lastGood({ observations }: Pick<EndpointFacts, 'observations'>, primary: string): Good | undefined {
  const goods = observations.flatMap(({ sights }) => sights[primary]?.good ?? []);
  return goods.sort((a, b) => b.atMs - a.atMs)[0];
}

/**
 * The same of those who saw it well shortly before they saw it silent; where they disagree, the least that was waited for.
 * Its own name, which one setting for all members has too, is none of those that it waits for.
 */
function freshGood({ observations }: EndpointFacts, primary: string): Good | undefined {
  const fresh = observations.filter((observation) => isFresh(observation, primary));
  const good = lastGood({ observations: fresh }, primary);
  const need = Math.min(...fresh.map(({ sights }) => sights[primary]!.good!.need));
  return good && { ...good, need, waitsFor: good.waitsFor.filter((name) => name !== primary.toLowerCase()) };
}

/** Who may become the primary, the one with the most WAL first; between equals the one that commits waited for. */
export function chooseCandidates(facts: EndpointFacts, primary: string): Choice {
  const { terms, members } = facts;
  const good = freshGood(facts, primary);
  const excluded: Choice['excluded'] = [];
  const candidates: Candidate[] = [];
  const waitedFor = (member: string) => good?.waitsFor.includes(member.toLowerCase()) ?? false;
  const systemId = systemOf(members);
  for (const [member, { host, candidate }] of Object.entries(terms.members)) {
    if (member === primary) continue;
    const view = members[member];
    const why = unfit(view, candidate, systemId);
    if (why !== undefined) excluded.push({ member, why });
    else if (answered(view)) candidates.push({ member, host, lsn: view.lsn!, synchronous: waitedFor(member) });
  }
  candidates.sort(furthestFirst);
  const [first] = candidates;
  const lagBytes = first && good ? Math.max(0, bytesBetween(first.lsn, good.lsn)) : undefined;
  const lossless = first !== undefined && good !== undefined && knowsTheFurthest(good, candidates);
  return {
    candidates,
    excluded,
    lossless,
    sealed: lossless && good.anyone !== true && good.need >= good.waitsFor.length,
    ...(lagBytes !== undefined && { lagBytes }),
  };
}

/** What was known of whom commits waited for, longer before it fell silent than this, may have changed since, ms. */
const freshMs = 5_000;

/** By the observer's own clock: it saw the primary well shortly before it saw it silent. */
function isFresh({ atMs, sights }: Observation, primary: string): boolean {
  const sight = sights[primary];
  if (!sight?.good) return false;
  return (sight.misses > 0 ? sight.sinceMs : atMs) - sight.good.atMs <= freshMs;
}

/** Of n standbys of which a commit waited for `need`, n - need + 1 must be known: one of them then has every commit. */
function knowsTheFurthest({ waitsFor, need }: Good, candidates: readonly Candidate[]): boolean {
  if (need < 1 || waitsFor.length < need) return false;
  const known = candidates.filter(({ synchronous }) => synchronous).length;
  return known >= waitsFor.length - need + 1;
}

export function furthestFirst(a: Candidate, b: Candidate): number {
  const [left, right] = [positionOf(a.lsn), positionOf(b.lsn)];
  if (left !== right) return left > right ? -1 : 1;
  return Number(b.synchronous) - Number(a.synchronous) || (a.member < b.member ? -1 : 1);
}

function unfit(
  view: MemberView | { silent: string } | undefined,
  candidate: boolean,
  systemId?: string,
): string | undefined {
  if (!candidate) return 'the fleet file says `candidate: false`';
  if (view === undefined) return 'it was not asked';
  if (!answered(view)) return `its agent does not answer: ${view.silent}`;
  if (view.state !== 'standby') return `it is ${view.state}`;
  if (view.lsn === undefined) return 'it does not say how much WAL it has';
  if (systemId !== undefined && view.systemId !== undefined && view.systemId !== systemId)
    return 'it belongs to another cluster';
  return undefined;
}

/** The system identifier of the majority: a stranger must not be promoted. */
function systemOf(members: EndpointFacts['members']): string | undefined {
  const count = new Map<string, number>();
  for (const view of Object.values(members))
    if (answered(view) && view.systemId !== undefined) count.set(view.systemId, (count.get(view.systemId) ?? 0) + 1);
  return [...count].sort(([, a], [, b]) => b - a)[0]?.[0];
}
