import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { Refusal } from '../../contract/errors';
import { positionOf } from '../../planning/failover/lsn';
import { formatLsn, endOfRecord } from './lsn';
import { dataOf, factsOf, type Place } from './place';
import { lastLine, runProgram } from './programs';

/** What a data directory says of itself while its server is down. */
export interface Control {
  /** `shut down`, `in production`, `shut down in recovery`… */
  state: string;
  systemId: string;
  /** The highest timeline of which it has WAL: that of its last checkpoint may be older. */
  timeline: number;
  checkpoint: bigint;
  checkpointTimeline: number;
  segmentBytes: number;
  /** pg_rewind needs one of both. */
  hintsLogged: boolean;
  checksums: boolean;
}

export async function readControl(place: Place): Promise<Control> {
  const data = dataOf(place);
  const { code, output, complaint } = await runProgram(place, 'pg_controldata', ['-D', data], { timeoutMs: 5_000 });
  if (code !== 0)
    throw new Refusal('NotPermitted', { what: `pg_controldata of ${place.name}`, why: lastLine(complaint) });
  const facts = new Map(
    output.split('\n').map((line) => [line.split(':', 1)[0] ?? '', line.replace(/^[^:]*:\s*/, '')]),
  );
  const fact = (name: string) => {
    const value = facts.get(name);
    if (value === undefined)
      throw new Refusal('NotPermitted', { what: `pg_controldata of ${place.name}`, why: `it does not say "${name}"` });
    return value;
  };
  const timelines = ["Latest checkpoint's TimeLineID", "Min recovery ending loc's timeline"].map((name) =>
    Number(fact(name)),
  );
  return {
    state: fact('Database cluster state'),
    systemId: fact('Database system identifier'),
    timeline: Math.max(...timelines, ...walTimelines(data)),
    checkpointTimeline: Number(fact("Latest checkpoint's TimeLineID")),
    checkpoint: positionOf(fact('Latest checkpoint location')),
    segmentBytes: Number(fact('Bytes per WAL segment')),
    hintsLogged: fact('wal_log_hints setting') === 'on',
    checksums: fact('Data page checksum version') !== '0',
  };
}

/** The end of the last checkpoint's record: a standby that has received up to here has all that a clean stop left. */
export async function endOfCheckpoint(place: Place, { checkpoint, timeline, segmentBytes }: Control): Promise<string> {
  const wal = join(dataOf(place), 'pg_wal');
  const args = ['-p', wal, '-t', String(timeline), '-s', formatLsn(checkpoint), '-n', '1'];
  const { output, complaint } = await runProgram(place, 'pg_waldump', args, { timeoutMs: 5_000 });
  const length = /len \(rec\/tot\):\s*\d+\/\s*(\d+)/.exec(output)?.[1];
  if (length === undefined)
    throw new Refusal('NotStopped', {
      ...factsOf(place),
      seconds: 0,
      why: `no shutdown checkpoint: ${lastLine(complaint)}`,
    });
  return formatLsn(endOfRecord(checkpoint, Number(length), segmentBytes));
}

/** Of the segments of pg_wal. */
const walTimelines = (data: string): number[] =>
  readdirSync(join(data, 'pg_wal'))
    .filter((name) => /^[0-9A-F]{24}$/.test(name))
    .map((name) => parseInt(name.slice(0, 8), 16));
