import type { RunSummary } from '../api/views';

export type Paint = Record<'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'blue', (text: string) => string>;

const codes: Record<keyof Paint, [number, number]> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  blue: [34, 39],
};

/** Colours for a stream: none where they would be noise, or where NO_COLOR asks for none. */
export function paintFor(stream: { isTTY?: boolean }, env: NodeJS.ProcessEnv = process.env): Paint {
  const on = Boolean(stream.isTTY) && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const entries = Object.entries(codes).map(([name, [start, end]]) => [
    name,
    (text: string) => (on && text !== '' ? `\x1b[${start}m${text}\x1b[${end}m` : text),
  ]);
  return Object.fromEntries(entries) as Paint;
}

/** What is printed for machines: one document. */
export const printJson = (value: unknown): void =>
  void process.stdout.write(`${JSON.stringify(value, undefined, 2)}\n`);

export const printLine = (text: string): void => void process.stdout.write(`${text}\n`);

/** Columns as wide as their widest cell; the last one is not padded. `shown` may colour a padded cell. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], paint: Paint): string {
  const widths = head.map((name, column) => Math.max(name.length, ...rows.map((row) => widthOf(row[column] ?? ''))));
  const line = (cells: readonly string[]) =>
    cells.map((cell, column) => (column === cells.length - 1 ? cell : padded(cell, widths[column]!))).join('  ');
  return [paint.dim(line(head)), ...rows.map(line)].join('\n');
}

const escapes = /\x1b\[[0-9;]*m/g; // oxlint-disable-line no-control-regex

/** Letters that take a place on the screen. */
export const widthOf = (text: string): number => Array.from(text.replace(escapes, '')).length;

export const padded = (text: string, width: number): string => text + ' '.repeat(Math.max(0, width - widthOf(text)));

/** Cuts plain text to a width, with an ellipsis. Coloured text must be cut before it is coloured. */
export function clipped(text: string, width: number): string {
  const letters = Array.from(text);
  return letters.length <= width ? text : `${letters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/** Breaks plain text between words; what does not fit into `most` lines is cut. */
export function wrapped(text: string, width: number, most: number): string[] {
  const lines: string[] = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!;
    if (line !== '' && widthOf(line) + 1 + widthOf(word) > width) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  const kept = lines.slice(0, most).map((line) => clipped(line, width));
  if (lines.length > most) kept[most - 1] = clipped(`${kept[most - 1]} …`, width);
  return kept;
}

export const phaseIn = (phase: RunSummary['phase'], paint: Paint): string => paint[phaseColours[phase]](phase);

const phaseColours: Record<RunSummary['phase'], keyof Paint> = {
  running: 'blue',
  done: 'green',
  planned: 'green',
  failed: 'red',
  terminated: 'red',
  held: 'yellow',
  'waiting for approval': 'yellow',
  paused: 'yellow',
  undoing: 'yellow',
  undone: 'yellow',
  cancelled: 'yellow',
};
