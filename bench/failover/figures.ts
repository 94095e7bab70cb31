import { ratioOf, spreadOf } from '../ratio';
import { aligned } from '../table';
import { writeFileSync } from 'node:fs';

/** What is measured of each repetition. Less is better, always. */
export interface Figure {
  metric: string;
  unit: 'ms' | 'count' | 'share';
  /** What the median of ours must not exceed; of a count, its worst. */
  goal?: number;
}

/** One line of the table, and one object of the JSON file. `ratio` above 1 is better for us. */
export interface FailoverRow {
  case: string;
  metric: string;
  better: 'less';
  unit: Figure['unit'];
  goal: number | null;
  /** Whether ours keeps it; null where there is none, or no figure. */
  kept: boolean | null;
  ours: number | null;
  worst: number | null;
  peer: number | null;
  peerWorst: number | null;
  peerName: string;
  ratio: number | null;
  runs: number;
  peerRuns: number;
  why?: string;
}

/** The figures of one side in one case, a value for each repetition; or why there are none. */
export type Measured = readonly number[] | { why: string };

/** The table of failovers: medians and worst, beside the goals. */
export class Figures {
  readonly rows: FailoverRow[] = [];

  /** Ours alone. */
  add(name: string, figure: Figure, ours: Measured): void {
    this.beside(name, figure, ours, '', []);
  }

  beside(name: string, { metric, unit, goal }: Figure, ours: Measured, peerName: string, peer: Measured): void {
    const [own, theirs] = [spread(ours), spread(peer)];
    const why = whyNot('ours failed', ours) ?? whyNot('not measured', peer);
    const held = unit === 'ms' ? own?.median : own?.max;
    this.rows.push({
      ...{ case: name, metric, better: 'less', unit, goal: goal ?? null, peerName },
      kept: goal === undefined || held === undefined ? null : held <= goal,
      ...{ ours: own?.median ?? null, worst: own?.max ?? null },
      ...{ peer: theirs?.median ?? null, peerWorst: theirs?.max ?? null },
      ratio: own && theirs && unit === 'ms' ? ratioOf('less', own.median, theirs.median) : null,
      ...{ runs: lengthOf(ours), peerRuns: lengthOf(peer) },
      ...(why !== undefined && { why }),
    });
  }

  /** Repetitions of a side that came to no figure: ours without a name. */
  failed(name: string, peerName: string, { failed, of, why }: { failed: number; of: number; why: string }): void {
    const goal = peerName === '' ? { goal: 0 } : {};
    const figure: Figure = { metric: 'failed repetitions', unit: 'count', ...goal };
    if (peerName === '') this.beside(name, figure, [failed], '', []);
    else this.beside(name, figure, [], peerName, [failed]);
    this.rows.at(-1)!.why = `of ${of}: ${why}`;
  }

  toString(): string {
    return aligned([heading, ...this.rows.map(cells)]);
  }

  /** A JSON list with one row a line. */
  write(file: string): void {
    writeFileSync(file, `[\n${this.rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
  }
}

const heading = ['case', 'metric', 'goal', 'ours', 'worst', '', 'runs', 'peer', '', 'worst', 'runs', 'ratio', ''];

const isList = (measured: Measured): measured is readonly number[] => Array.isArray(measured);
const lengthOf = (measured: Measured): number => (isList(measured) ? measured.length : 0);
const spread = (measured: Measured) => (isList(measured) && measured.length > 0 ? spreadOf(measured) : undefined);
const whyNot = (what: string, measured: Measured): string | undefined =>
  isList(measured) ? undefined : `${what}: ${measured.why}`;

function cells(row: FailoverRow): string[] {
  const show = (value: number | null) =>
    value === null ? '' : row.unit === 'ms' ? `${Math.round(value)} ms` : String(Number(value.toPrecision(3)));
  return [
    ...[row.case, row.metric, row.goal === null ? '' : `<= ${show(row.goal)}`],
    ...[show(row.ours), show(row.worst), row.kept === null ? '' : row.kept ? 'kept' : 'MISSED', String(row.runs)],
    ...[row.peerName, show(row.peer), show(row.peerWorst), row.peerName === '' ? '' : String(row.peerRuns)],
    ...[row.ratio === null ? '' : row.ratio.toFixed(2), row.why ?? ''],
  ];
}
