import { endOf, momentsOf, mostOf, sinceZero, type OutagePicture } from './outagePicture';
import { shortValue } from './ticks';

const blocks = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const lines = 5;

/** The picture of an outage in letters: acknowledged writes as bars, steps with nothing but misses as ×, phases below. `width` in letters. */
export function outageLetters(picture: OutagePicture, width: number): string[] {
  const [startMs, toMs, most] = [picture.startMs, endOf(picture), mostOf(picture)];
  const label = shortValue(most);
  const gutter = label.length + 1;
  const columns = Math.max(10, Math.min(picture.acknowledged.length, width - gutter - 1));
  const columnOf = (atMs: number) =>
    Math.max(0, Math.min(columns - 1, Math.floor(((atMs - startMs) / (toMs - startMs)) * columns)));
  const drawn = Array.from({ length: columns }, (_, column) => stepsOf(picture, column, columns));
  const rows = Array.from({ length: lines }, (_, index) => {
    const floor = lines - 1 - index;
    const letters = drawn.map(({ mean, missed }) => {
      const filled = Math.max(0, Math.min(1, (mean / most) * lines - floor));
      if (filled > 0) return blocks[Math.ceil(filled * 8)]!;
      return floor === 0 && missed > 0 ? '×' : ' ';
    });
    const says = index === 0 ? label : index === lines - 1 ? '0' : '';
    return `${says.padStart(gutter - 1)} ┤${letters.join('').trimEnd()}`;
  });
  const indent = ' '.repeat(gutter + 1);
  const said = [
    ...rows,
    `${indent}${placed(
      momentsOf(picture, Math.floor(columns / 10)).map((one) => [columnOf(one.atMs), one.label]),
      columns,
    )}`,
    ...(picture.phases.length > 0
      ? [
          `${indent}${placed(
            picture.phases.map((phase, i) => [columnOf(phase.atMs), String(i + 1)]),
            columns,
          )}`,
        ]
      : []),
    ...picture.phases.map(({ atMs, what }, i) => `${indent}${i + 1}  ${sinceZero(picture, atMs).padStart(8)}  ${what}`),
  ];
  return said.map((line) => Array.from(line).slice(0, width).join(''));
}

/** The mean of the steps that a column stands for. */
function stepsOf({ acknowledged, missed }: OutagePicture, column: number, columns: number) {
  const first = Math.floor((column * acknowledged.length) / columns);
  const last = Math.max(first + 1, Math.floor(((column + 1) * acknowledged.length) / columns));
  const sum = (counts: readonly number[]) => counts.slice(first, last).reduce((total, count) => total + count, 0);
  return { mean: sum(acknowledged) / (last - first), missed: sum(missed) };
}

/** Labels at their columns; one that would touch the one before is pushed on, and left out where nothing is left. */
function placed(labels: readonly (readonly [column: number, label: string])[], columns: number): string {
  let line = '';
  for (const [column, label] of labels) {
    const from = Math.max(column, line.length === 0 ? 0 : line.length + 1);
    if (from + label.length <= columns) line = line.padEnd(from) + label;
  }
  return line;
}
