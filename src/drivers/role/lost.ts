import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Lost } from '../../contract/capabilities/role';
import { Refusal } from '../../contract/errors';
import { Commits, parseRecord } from './commits';
import { readControl, type Control } from './control';
import { parseHistory, parting, type Branch, type Span, type Way } from './history';
import { askOnce } from './line';
import { positionOf } from '../../planning/failover/lsn';
import { endOfRecord, formatLsn } from './lsn';
import { dataOf, factsOf, peerOf, type Place } from './place';
import { lastLine, runProgram } from './programs';

/** What the data directory of this host has that the new primary lacks. */
export interface Divergence {
  control: Control;
  spans: Span[];
  lost: Lost;
  /** Any record at all past the fork, of a commit or not: without a rewind it cannot follow. */
  diverged: boolean;
}

/** Reads the WAL past the fork: from the history of the new primary, which the old one's own disk lacks. */
export async function divergence(place: Place, primary: string, signal?: AbortSignal): Promise<Divergence> {
  const theirs = await wayOfPrimary(place, primary);
  const control = await readControl(place);
  if (theirs.systemId !== control.systemId)
    throw new Refusal('CannotRewind', {
      ...factsOf(place),
      primary,
      why: `it is another database system than ${primary}`,
    });
  const ours: Way = { timeline: control.timeline, left: ownHistory(place, control.timeline) };
  const parted = parting(ours, theirs);
  if (!parted)
    throw new Refusal('CannotRewind', { ...factsOf(place), primary, why: 'they never had a timeline in common' });
  const { fork, spans } = parted;
  if (fork === undefined) {
    const lsn = formatLsn(control.checkpoint);
    return { control, spans, diverged: false, lost: { forkLsn: lsn, endLsn: lsn, commits: 0, xids: [] } };
  }
  const commits = new Commits();
  let end = fork;
  for (const span of spans) {
    const spanEnd = await readSpan(place, control, span, commits, signal);
    if (spanEnd > end) end = spanEnd;
  }
  const lost = { forkLsn: formatLsn(fork), endLsn: formatLsn(end), commits: commits.count, xids: commits.xids };
  return { control, spans, lost, diverged: end > fork };
}

/** A standby that has received up to `lsn` on a timeline has more than the primary took over: it cannot follow it as it is. */
export function hasMore(place: Place, theirs: Way, { timeline, lsn }: { timeline: number; lsn: string }): boolean {
  const parted = parting({ timeline, left: ownHistory(place, timeline) }, theirs);
  return parted === undefined || (parted.fork !== undefined && positionOf(lsn) > parted.fork);
}

/** The timelines of a primary, asked by SQL. */
export async function wayOfPrimary(place: Place, primary: string): Promise<Way & { systemId: string }> {
  const [row] = await askOnce<{ standby: boolean; timeline: number | null; history: string | null; system: string }>(
    primary,
    peerOf(place, primary),
    'tell its timelines',
    `select pg_is_in_recovery() as standby, t.line as timeline,
       case when t.line > 1 then pg_read_file('pg_wal/' || upper(lpad(to_hex(t.line), 8, '0')) || '.history') end as history,
       (select system_identifier::text from pg_control_system()) as system
     from (select case when not pg_is_in_recovery()
       then ('x' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8))::bit(32)::int end as line) t`,
  );
  if (!row || row.standby || row.timeline === null)
    throw new Refusal('NotPrimary', { member: primary, host: peerOf(place, primary).host, state: 'standby' });
  return { timeline: row.timeline, left: parseHistory(row.history ?? ''), systemId: row.system };
}

function ownHistory(place: Place, timeline: number): Branch[] {
  if (timeline === 1) return [];
  const name = `${timeline.toString(16).toUpperCase().padStart(8, '0')}.history`;
  return parseHistory(readFileSync(join(dataOf(place), 'pg_wal', name), 'utf8'));
}

/**
 * Reads one span and tells its end. It begins with the segment: what a transaction wrote before the fork tells whose the
 * commit behind it is. The end of what a killed server wrote is torn, which is no error; that there is nothing at all is one.
 */
async function readSpan(
  place: Place,
  { segmentBytes }: Control,
  { timeline, from, to }: Span,
  commits: Commits,
  signal?: AbortSignal,
): Promise<bigint> {
  const start = from - (from % BigInt(segmentBytes));
  const wal = join(dataOf(place), 'pg_wal');
  const args = [
    '-p',
    wal,
    '-t',
    String(timeline),
    '-s',
    formatLsn(start),
    ...(to === undefined ? [] : ['-e', formatLsn(to)]),
  ];
  let end = from;
  let records = 0;
  const onLine = (line: string) => {
    const record = parseRecord(line);
    if (!record) return;
    records++;
    const lsn = positionOf(record.lsn);
    commits.take(record, lsn >= from);
    if (lsn >= from) end = endOfRecord(lsn, record.length, segmentBytes);
  };
  const { complaint } = await runProgram(place, 'pg_waldump', args, { onLine, ...(signal && { signal }) });
  if (records === 0 && !/could not find a valid record/.test(complaint))
    throw new Refusal('CannotRewind', {
      ...{ ...factsOf(place), primary: 'the new primary' },
      why: `its WAL from ${formatLsn(from)} on timeline ${timeline} cannot be read (${lastLine(complaint)})`,
    });
  return end;
}
