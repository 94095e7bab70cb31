import { formatDuration } from '../../contract/amounts';
import type { Observation, Sight } from '../../contract/sights';

/**
 * crashed: nothing listens any more; hung: it takes connections and answers nobody; host lost: not even a refusal comes back;
 * partitioned: some see it and others do not; overloaded: it answers late; failing: it answers with errors; blind: too few
 * observers can tell; unclear: some miss it, and no majority does.
 */
export type Verdict =
  'healthy' | 'crashed' | 'hung' | 'host lost' | 'partitioned' | 'overloaded' | 'failing' | 'blind' | 'unclear';

/** One observer's vote, and what it rests on. */
export interface Vote {
  observer: string;
  zone?: string;
  vote: 'down' | 'up' | 'abstains';
  /** What it saw, as a part of a sentence. */
  saw: string;
  /** When it began to see that, ms since the epoch of Unix; 0 when it abstains. */
  sinceMs: number;
}

export interface Judgement {
  verdict: Verdict;
  /** A majority of all observers, from two zones where they are in two, says that it is gone. */
  majority: boolean;
  down: number;
  total: number;
  needed: number;
  votes: Vote[];
  /** When the first of those who miss it began to. */
  sinceMs?: number;
  sentence: string;
}

/** What is judged: one thing, by those who were told to watch it. `misses`: so many in a row count as silence. */
export interface Case {
  thing: string;
  observers: readonly { host: string; zone?: string | undefined }[];
  misses: number;
  /** An observer whose own clock ran later than this is starved: its misses are no evidence. ms. */
  starvedMs: number;
}

/** A majority of all who should watch, not of those who happen to answer: an observer that is cut off cannot shrink the council. */
export const majorityOf = (observers: number): number => Math.floor(observers / 2) + 1;

export function judge(of: Case, observations: readonly Observation[]): Judgement {
  const votes = of.observers.map(({ host, zone }): Vote => {
    const observation = observations.find(({ observer }) => observer === host);
    return { observer: host, ...(zone !== undefined && { zone }), ...voteOf(of, observation) };
  });
  const missing = votes.filter(({ vote }) => vote === 'down');
  const needed = majorityOf(of.observers.length);
  const majority = missing.length >= needed && fromTwoZones(of, missing);
  const sights = observations.flatMap(({ sights: all, observer }) =>
    missing.some((vote) => vote.observer === observer) && all[of.thing] ? [all[of.thing]!] : [],
  );
  const verdict = named(of, votes, majority, sights, observations);
  const sinceMs = Math.min(...missing.map((vote) => vote.sinceMs));
  return {
    verdict,
    majority,
    down: missing.length,
    total: of.observers.length,
    needed,
    votes,
    ...(missing.length > 0 && { sinceMs }),
    sentence: `${of.thing} is ${verdict}: ${missing.length} of ${of.observers.length} observers miss it`,
  };
}

function voteOf(of: Case, observation: Observation | undefined): Pick<Vote, 'vote' | 'saw' | 'sinceMs'> {
  const sight = observation?.sights[of.thing];
  if (!observation || !sight) return { vote: 'abstains', saw: 'does not answer itself', sinceMs: 0 };
  const { says, misses, sinceMs, why } = sight;
  const because = why === undefined ? '' : ` (${why})`;
  if (isMissed(sight, of.misses)) {
    if (observation.starvedMs > of.starvedMs)
      return { vote: 'abstains', saw: `is starved itself, by ${formatDuration(observation.starvedMs)}`, sinceMs: 0 };
    const gone = sight.process === 'gone' ? 'its process has ended' : `${says} since ${misses} requests`;
    return { vote: 'down', saw: `${gone}${because}`, sinceMs };
  }
  const took = sight.tookMs === undefined ? '' : ` in ${formatDuration(sight.tookMs)}`;
  return { vote: 'up', saw: `${says}${says === 'answers' || says === 'late' ? took : because}`, sinceMs };
}

/** A process that ended, and a port where nothing listens, are evidence at once; silence has to last. An error is an answer. */
function isMissed({ says, misses, process }: Sight, bound: number): boolean {
  if (process === 'gone') return true;
  if (says === 'refused') return misses >= 1;
  return (says === 'silent' || says === 'unreachable') && misses >= bound;
}

/** Not only that their misses are too few yet: they have its answer. */
function someSeeIt({ thing }: Case, votes: readonly Vote[], observations: readonly Observation[]): boolean {
  const up = new Set(votes.filter(({ vote }) => vote === 'up').map(({ observer }) => observer));
  return observations.some(({ observer, sights }) => up.has(observer) && sights[thing]?.misses === 0);
}

function fromTwoZones({ observers }: Case, down: readonly Vote[]): boolean {
  const zones = (of: readonly { zone?: string | undefined }[]) => new Set(of.flatMap(({ zone }) => zone ?? [])).size;
  return zones(observers) < 2 || zones(down) >= 2;
}

function named(
  of: Case,
  votes: readonly Vote[],
  majority: boolean,
  missed: readonly Sight[],
  observations: readonly Observation[],
): Verdict {
  const count = (vote: Vote['vote']) => votes.filter((one) => one.vote === vote).length;
  if (majority) {
    if (missed.some(({ process, says }) => process === 'gone' || says === 'refused')) return 'crashed';
    if (someSeeIt(of, votes, observations)) return 'partitioned';
    return missed.some(({ says }) => says === 'silent') ? 'hung' : 'host lost';
  }
  if (count('abstains') > of.observers.length - majorityOf(of.observers.length)) return 'blind';
  if (count('down') > 0) return missed.every(({ says }) => says === 'unreachable') ? 'partitioned' : 'unclear';
  const seen = observations.flatMap(({ sights }) => sights[of.thing]?.says ?? []);
  const most = (says: Sight['says']) => seen.filter((one) => one === says).length >= majorityOf(of.observers.length);
  if (most('failing')) return 'failing';
  return most('late') ? 'overloaded' : 'healthy';
}

/** What a guard reacts to a change of. */
export const opinionOf = ({ majority, verdict }: Judgement): string => (majority ? `gone: ${verdict}` : verdict);

/** The votes as an operator reads them, in the order of the fleet file. */
export const voteSentences = ({ votes, needed, total }: Judgement): string[] => [
  ...votes.map(
    ({ observer, zone, vote, saw }) => `${observer}${zone === undefined ? '' : ` (zone ${zone})`}: ${vote}, ${saw}`,
  ),
  `${needed} of ${total} are needed`,
];
