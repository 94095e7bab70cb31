import { endMs, extentOf, type Line, type LoadPicture } from './loadPicture';
import { shortValue, timeTicks } from './ticks';

const blocks = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
const lines = 8;

/** The picture in letters: history, then the forecast with what lies in its widest band shaded. `width` in letters. */
export function sparkline(picture: LoadPicture, width: number): string[] {
  const { history, forecast } = picture;
  const [least, most] = extentOf(picture);
  const labels = [most, (most + least) / 2, least].map(shortValue);
  const gutter = Math.max(...labels.map((label) => label.length)) + 1;
  const columns = Math.max(10, width - gutter - 1);
  const [fromMs, toMs] = [history.startMs, endMs(forecast)];
  const perColumn = (toMs - fromMs) / columns;
  const height = (value: number) => ((value - least) / (most - least)) * lines;
  const band = forecast.bands.toSorted((a, b) => b.level - a.level)[0];
  const over = (line: Line, column: number) => meanOver(line, fromMs + column * perColumn, perColumn);
  const upper = band && { ...forecast, values: band.upper };
  const drawn = Array.from({ length: columns }, (_, column) => ({
    bar: over(history, column) ?? over(forecast, column),
    upper: upper && over(upper, column),
    ahead: fromMs + (column + 0.5) * perColumn >= forecast.startMs,
  }));
  const rows = Array.from({ length: lines }, (_, index) => {
    const floor = lines - 1 - index;
    const letters = drawn.map(({ bar, upper: limit, ahead }) => {
      const filled = bar === undefined ? 0 : Math.max(0, Math.min(1, height(bar) - floor));
      if (filled > 0) return ahead && filled === 1 ? '▓' : blocks[Math.ceil(filled * 8)]!;
      return limit !== undefined && height(limit) > floor + 0.5 ? '░' : ' ';
    });
    const label = index === 0 ? labels[0]! : index === lines >> 1 ? labels[1]! : index === lines - 1 ? labels[2]! : '';
    return `${label.padStart(gutter - 1)} ┤${letters.join('').trimEnd()}`;
  });
  return [...rows, timeAxis(fromMs, toMs, columns, gutter)];
}

function meanOver({ startMs, stepMs, values }: Line, fromMs: number, lengthMs: number): number | undefined {
  const first = Math.max(0, Math.ceil((fromMs - startMs) / stepMs));
  const last = Math.max(first + 1, Math.ceil((fromMs + lengthMs - startMs) / stepMs));
  if (fromMs + lengthMs <= startMs) return undefined;
  const there = values.slice(first, last).filter((value) => value !== null);
  return there.length === 0 ? undefined : there.reduce((sum, value) => sum + value, 0) / there.length;
}

function timeAxis(fromMs: number, toMs: number, columns: number, gutter: number): string {
  let axis = '';
  for (const { atMs, label } of timeTicks(fromMs, toMs, Math.floor(columns / 10))) {
    const column = Math.round(((atMs - fromMs) / (toMs - fromMs)) * columns);
    if (column < axis.length || column + label.length > columns) continue;
    axis = axis.padEnd(column) + label + ' ';
  }
  return ' '.repeat(gutter + 1) + axis.trimEnd();
}
