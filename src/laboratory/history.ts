import { counted, formatDuration } from '../contract/amounts';
import type { Attempt, ClientLog } from './clients/log';
import { gapOf, type Gap } from './gap';

/** All that a run of clients is judged by. */
export interface HistoryFacts {
  logs: readonly ClientLog[];
  /** What the table holds at the end: each id, and how often. */
  present: ReadonlyMap<string, number>;
  /** When something was broken, ms since the epoch of Unix; left out, nothing was. */
  faultMs?: number;
  /** When the new primary was promoted; left out, its first acknowledgement says it, which is a little late. */
  promotedMs?: number;
  /** A connection that hears nothing for so long after the fault hangs. */
  hungAfterMs?: number;
}

export interface Verdict {
  /** Nothing that was promised to a client is broken. */
  sound: boolean;
  acknowledged: number;
  failed: number;
  unknown: number;
  /** Unknown ones that are in the table: clients have to be ready for both. */
  unknownPresent: number;
  /** Ids that were acknowledged and are not in the table. */
  lost: string[];
  /** Ids that are in the table more than once. */
  twice: string[];
  /** Ids that are in the table though it was said for certain that they are not. */
  risen: string[];
  /** Ids in the table that nobody wrote. */
  strange: string[];
  /** Ids that an old primary acknowledged though they were begun after the promotion of the new one. */
  acknowledgedByOld: string[];
  /** Connections that did not come about. */
  refused: number;
  /** The longest time in which no client had a success. */
  gap: Gap;
  /** The same of the connection that had to wait longest. */
  longestOfOne: Gap & { client: string };
  /** Connections that heard nothing for long after the fault. */
  hung: string[];
  sentences: string[];
}

const usualHungMs = 5_000;

/** Compares what clients were told with what the database holds. Pure: the same logs and table, the same verdict. */
export function judge(facts: HistoryFacts): Verdict {
  const { logs, present } = facts;
  const attempts = logs.flatMap((log) => log.attempts);
  const known = new Map(attempts.map((attempt) => [attempt.id, attempt]));
  const of = (outcome: Attempt['outcome']) => attempts.filter((attempt) => attempt.outcome === outcome);
  const times = ({ id }: Attempt) => present.get(id) ?? 0;
  const unknown = of('unknown');
  const broken = {
    lost: ids(of('acknowledged').filter((attempt) => times(attempt) === 0)),
    twice: [...present].filter(([, often]) => often > 1).map(([id]) => id),
    risen: ids(of('failed').filter((attempt) => times(attempt) > 0)),
    strange: [...present.keys()].filter((id) => !known.has(id)),
    acknowledgedByOld: ids(byOld(of('acknowledged'), facts.promotedMs)),
  };
  const figures = {
    acknowledged: of('acknowledged').length,
    failed: of('failed').length,
    unknown: unknown.length,
    unknownPresent: unknown.filter((attempt) => times(attempt) > 0).length,
    ...broken,
    refused: logs.reduce((sum, log) => sum + log.refused.length, 0),
    gap: gapOf(attempts, untilOf(logs), facts.faultMs),
    longestOfOne: longestOfOne(facts),
    hung: hungOf(facts),
  };
  const sound = Object.values(broken).every((found) => found.length === 0);
  return { sound, ...figures, sentences: sentencesOf(figures) };
}

const ids = (attempts: readonly Attempt[]): string[] => attempts.map(({ id }) => id);
const untilOf = (logs: readonly ClientLog[]): number => Math.max(0, ...logs.map(({ untilMs }) => untilMs));

/** A write that was on its way when the new primary came may have been committed before: only what began later counts. */
function byOld(acknowledged: readonly Attempt[], promotedMs: number | undefined): Attempt[] {
  const newest = acknowledged.reduce((most, { timeline = 0 }) => Math.max(most, timeline), 0);
  const firstOfNew = acknowledged.filter(({ timeline }) => timeline === newest).map(({ endMs = Infinity }) => endMs);
  const sinceMs = promotedMs ?? firstOfNew.reduce((least, endMs) => Math.min(least, endMs), Infinity);
  return acknowledged.filter(
    ({ timeline, beginMs }) => timeline !== undefined && timeline < newest && beginMs > sinceMs,
  );
}

/** Each connection with what it wrote. */
function connectionsOf(logs: readonly ClientLog[]): Map<string, { attempts: Attempt[]; untilMs: number }> {
  const all = new Map<string, { attempts: Attempt[]; untilMs: number }>();
  for (const [index, { attempts, untilMs }] of logs.entries())
    for (const attempt of attempts) {
      const name = `${index + 1}/${attempt.connection + 1}`;
      const one = all.get(name) ?? { attempts: [], untilMs };
      one.attempts.push(attempt);
      all.set(name, one);
    }
  return all;
}

function longestOfOne({ logs, faultMs }: HistoryFacts): Verdict['longestOfOne'] {
  const gaps = [...connectionsOf(logs)].map(([client, { attempts, untilMs }]) => ({
    client,
    ...gapOf(attempts, untilMs, faultMs),
  }));
  return gaps.reduce((most, gap) => (gap.lengthMs > most.lengthMs ? gap : most), {
    ...{ client: '', fromMs: 0, toMs: 0, lengthMs: 0, over: true },
  });
}

/** One attempt that waited, or still waits, so long after the fault is enough: whoever hangs begins no other. */
function hungOf({ logs, faultMs, hungAfterMs = usualHungMs }: HistoryFacts): string[] {
  const since = faultMs ?? 0;
  return [...connectionsOf(logs)]
    .filter(([, { attempts, untilMs }]) =>
      attempts.some(({ beginMs, endMs = untilMs }) => endMs - Math.max(beginMs, since) >= hungAfterMs),
    )
    .map(([name]) => name);
}

function sentencesOf(figures: Omit<Verdict, 'sound' | 'sentences'>): string[] {
  const { acknowledged, failed, unknown, unknownPresent, refused, gap, longestOfOne: one, hung } = figures;
  const { lost, twice, risen, strange, acknowledgedByOld } = figures;
  const some = (found: readonly string[], says: string) =>
    found.length === 0 ? [] : [`${counted(found.length, 'write')} ${says}: ${shortList(found)}.`];
  return [
    lost.length === 0 && twice.length === 0
      ? `All ${counted(acknowledged, 'acknowledged write')} are in the table, each exactly once.`
      : `${acknowledged - lost.length} of ${counted(acknowledged, 'acknowledged write')} are in the table.`,
    ...some(lost, 'acknowledged and not in the table'),
    ...some(twice, 'in the table more than once'),
    ...some(risen, 'in the table though the client was told that they failed'),
    ...some(strange, 'in the table that no client began'),
    ...some(acknowledgedByOld, 'acknowledged by an old primary after the promotion'),
    `${counted(unknown, 'write')} ended in an error or without an answer that leaves it open, and ${unknownPresent} of them are in the table.`,
    `${counted(failed, 'write')} failed for certain, and ${counted(refused, 'connection')} did not come about.`,
    gap.over
      ? `No client could write for ${formatDuration(gap.lengthMs)}; the one that waited longest waited ${formatDuration(one.lengthMs)}.`
      : `No client could write for the last ${formatDuration(gap.lengthMs)}.`,
    hung.length === 0 ? 'No client hung.' : `${counted(hung.length, 'client')} hung: ${shortList(hung)}.`,
  ];
}

const shortList = (names: readonly string[]): string =>
  `${names.slice(0, 5).join(', ')}${names.length > 5 ? ` and ${names.length - 5} more` : ''}`;
