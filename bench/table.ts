import { writeFileSync } from 'node:fs';
import { compared, type Better, type Comparison } from './ratio';

export type Unit = 'seconds' | 'bytes/s' | 'files/s' | 'bytes' | 'events' | 'figure';

/**
 * One line of the table, and one object of the JSON file. `wall` and `cpu` are seconds, `rate` is per second.
 * `ratio` above 1 is always better for us; null where a side was not measured, and `why` then says why.
 */
export interface Row {
  case: string;
  metric: string;
  better: Better;
  ours: number | null;
  peer: number | null;
  peerName: string;
  ratio: number | null;
  runs: number;
  why?: string;
}

interface Line {
  row: Row;
  unit: Unit;
  spread?: Comparison;
}

/** What is measured of each run, in the words of the table. */
export interface Metric {
  metric: string;
  better: Better;
  unit: Unit;
}

/** The rows of one benchmark in the order in which they were measured. */
export class Table {
  private readonly lines: Line[] = [];

  /** One row of samples that were taken in pairs: the n-th of ours in the same round as the n-th of the peer. */
  add(
    name: string,
    { metric, better, unit }: Metric,
    ours: readonly number[],
    peerName: string,
    peer: readonly number[],
  ) {
    const spread = compared(better, ours, peer);
    const row = { ...{ case: name, metric, better }, ...pick(spread), peerName, runs: spread.runs };
    this.lines.push({ row, unit, spread });
  }

  /** A row whose figure could not be taken. */
  addUnmeasured(name: string, { metric, better, unit }: Metric, peerName: string, why: string): void {
    const row: Row = { case: name, metric, better, ours: null, peer: null, peerName, ratio: null, runs: 0, why };
    this.lines.push({ row, unit });
  }

  get rows(): readonly Row[] {
    return this.lines.map(({ row }) => row);
  }

  toString(): string {
    const cells = this.lines.map((line) => (line.spread ? measured(line, line.spread) : unmeasured(line.row)));
    return aligned([heading, ...cells]);
  }

  /** A JSON list with one row a line. */
  write(file: string): void {
    writeFileSync(file, `[\n${this.rows.map((row) => JSON.stringify(row)).join(',\n')}\n]\n`);
  }
}

const heading = ['case', 'metric', 'ours', '(min to max)', 'peer', '', '(min to max)', 'ratio', '(of pairs)', 'runs'];

const pick = ({ ours, peer, ratio }: Comparison) => ({ ours: ours.median, peer: peer.median, ratio: ratio.median });

function measured({ row, unit }: Line, { ours, peer, ratio, runs }: Comparison): string[] {
  const show = formats[unit];
  const between = ({ min, max }: { min: number; max: number }, as: (value: number) => string) =>
    runs > 1 ? `(${as(min)} to ${as(max)})` : '';
  return [
    ...[row.case, row.metric, show(ours.median), between(ours, show)],
    ...[row.peerName, show(peer.median), between(peer, show)],
    ...[asRatio(ratio.median), between(ratio, asRatio), String(runs)],
  ];
}

const unmeasured = ({ case: name, metric, peerName, why }: Row): string[] => [
  ...[name, metric, '', '', peerName],
  `not measured: ${why}`,
];

const asRatio = (value: number): string => value.toFixed(value < 10 ? 2 : 1);
const mebi = (bytes: number): string => (bytes / 1024 ** 2).toFixed(bytes < 10 * 1024 ** 2 ? 1 : 0);

const formats: Record<Unit, (value: number) => string> = {
  seconds: (value) => `${value.toFixed(2)} s`,
  'bytes/s': (value) => `${mebi(value)} MiB/s`,
  'files/s': (value) => `${Math.round(value)} files/s`,
  bytes: (value) => `${mebi(value)} MiB`,
  events: (value) => `${Math.round(value)} events`,
  figure: (value) => String(Number(value.toPrecision(3))),
};

/** Columns as wide as their widest cell; the last cell of a row may stick out. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const last = (row: readonly string[], column: number) => column === row.length - 1;
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (last(row, column) ? 0 : (row[column]?.length ?? 0)))),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => (last(row, column) ? cell : cell.padEnd(widths[column] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
