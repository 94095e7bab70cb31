import { endMs, extentOf, type Band, type Line, type LoadPicture } from './loadPicture';
import { at, escaped } from './svg';
import { shortValue, timeTicks, valueTicks } from './ticks';

export interface PlotSize {
  width: number;
  height: number;
}

const margin = { left: 46, right: 12, top: 30, bottom: 24 };
/** Of the legend. */
const rowHeight = 16;
const inks = { forecast: '#1f77d0', earlier: '#b7791f', provided: '#2c8a57', recommended: '#2c8a57' };

/**
 * The picture as an SVG document: a pure function, for page, terminal (`--svg`) and README alike. It has no style of its
 * own beside attributes (a strict content policy lets it through), and takes the colour of text from where it stands.
 */
export function loadPlot(picture: LoadPicture, { width, height }: PlotSize = { width: 720, height: 240 }): string {
  const { history, forecast, earlier, capacity, recommended } = picture;
  const { marks, rows } = legend(picture, width);
  const scale = scaleOf(picture, { width, height, top: margin.top + (rows - 1) * rowHeight });
  const parts = [
    ...axes(scale),
    ...forecast.bands
      .toSorted((a, b) => b.level - a.level)
      .map((band) => bandShape(scale, forecast, band, band.level > 90 ? 0.12 : 0.2)),
    capacity && lineShape(scale, capacity, `stroke="${inks.provided}" stroke-width="1.2"`, true),
    recommended &&
      lineShape(scale, recommended, `stroke="${inks.recommended}" stroke-width="1.2" stroke-dasharray="4 3"`, true),
    lineShape(scale, history, 'stroke="currentColor" stroke-width="1.1" stroke-opacity="0.75"'),
    earlier && lineShape(scale, earlier, `stroke="${inks.earlier}" stroke-width="1.1" stroke-dasharray="2 2"`),
    lineShape(scale, forecast, `stroke="${inks.forecast}" stroke-width="1.6"`),
    nowMark(scale, forecast.startMs),
    ...marks,
  ];
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="100%" role="img"`,
    ` font-family="system-ui, sans-serif" font-size="11" fill="none" color="#56616a"><title>${escaped(titleOf(picture))}</title>`,
    ...parts.filter((part) => part !== undefined),
    '</svg>',
  ].join('\n');
}

const titleOf = ({ object, unit }: LoadPicture): string =>
  `Load of ${object} and its forecast${unit === undefined ? '' : `, in ${unit}`}`;

interface Scale extends PlotSize {
  /** Where the highest value is. */
  top: number;
  x: (atMs: number) => number;
  y: (value: number) => number;
  fromMs: number;
  toMs: number;
  least: number;
  most: number;
}

function scaleOf(picture: LoadPicture, { width, height, top }: Pick<Scale, 'width' | 'height' | 'top'>): Scale {
  const fromMs = picture.history.startMs;
  const toMs = endMs(picture.forecast);
  const [least, most] = extentOf(picture);
  const [across, down] = [width - margin.left - margin.right, height - top - margin.bottom];
  return {
    ...{ width, height, top, fromMs, toMs, least, most },
    x: (atMs) => margin.left + ((atMs - fromMs) / (toMs - fromMs)) * across,
    y: (value) => top + (1 - (value - least) / (most - least)) * down,
  };
}

function axes(scale: Scale): string[] {
  const { width, height, x, y, fromMs, toMs, least, most } = scale;
  const right = width - margin.right;
  const values = valueTicks(least, most, 4).map(
    (value) =>
      `<path d="M${margin.left} ${at(y(value))}H${right}" stroke="currentColor" stroke-opacity="${value === 0 ? 0.5 : 0.15}"/>` +
      `<text x="${margin.left - 6}" y="${at(y(value) + 4)}" text-anchor="end" fill="currentColor">${shortValue(value)}</text>`,
  );
  const times = timeTicks(fromMs, toMs, Math.max(2, Math.floor(width / 90))).map(
    ({ atMs, label }) =>
      `<text x="${at(x(atMs))}" y="${height - 7}" text-anchor="middle" fill="currentColor">${label}</text>`,
  );
  return [...values, ...times];
}

/** A line, broken where nobody measured; `steps`: it stays where it is until the next value. */
function lineShape({ x, y }: Scale, line: Line, look: string, steps = false): string {
  let path = '';
  let down = false;
  for (const [i, value] of line.values.entries()) {
    if (value === null) {
      down = false;
      continue;
    }
    const px = at(x(line.startMs + i * line.stepMs));
    const py = at(y(value));
    if (!down) path += `M${px} ${py}`;
    else path += steps ? `H${px}V${py}` : `L${px} ${py}`;
    if (steps && i === line.values.length - 1) path += `H${at(x(endMs(line)))}`;
    down = true;
  }
  return `<path d="${path}" ${look} stroke-linejoin="round"/>`;
}

function bandShape({ x, y }: Scale, { startMs, stepMs }: Line, { level, lower, upper }: Band, opacity: number): string {
  const point = (value: number, i: number) => `${at(x(startMs + i * stepMs))} ${at(y(value))}`;
  const path = [...upper.map(point), ...lower.map(point).toReversed()].join('L');
  return `<path d="M${path}Z" fill="${inks.forecast}" fill-opacity="${opacity}"><title>${level} % band</title></path>`;
}

const nowMark = ({ x, height, top }: Scale, nowMs: number): string =>
  `<path d="M${at(x(nowMs))} ${top - 4}V${height - margin.bottom}" stroke="currentColor" stroke-opacity="0.5" stroke-dasharray="1 3"/>`;

/** What each line is: in as many rows as the width needs. */
function legend({ unit, forecast, earlier, capacity, recommended }: LoadPicture, width: number) {
  const entries = [
    { words: unit === undefined ? 'load' : `load, ${unit}`, ink: 'currentColor', dashes: '' },
    ...(forecast.values.length > 0 ? [{ words: 'forecast', ink: inks.forecast, dashes: '' }] : []),
    ...(earlier ? [{ words: 'forecast a day before', ink: inks.earlier, dashes: '2 2' }] : []),
    ...(capacity ? [{ words: 'provided', ink: inks.provided, dashes: '' }] : []),
    ...(recommended ? [{ words: 'recommended', ink: inks.recommended, dashes: '4 3' }] : []),
  ];
  let [left, rows] = [margin.left, 1];
  const marks = entries.map(({ words, ink, dashes }) => {
    const length = 34 + words.length * 6.2;
    if (left + length > width && left > margin.left) [left, rows] = [margin.left, rows + 1];
    const [from, y] = [at(left), 12 + (rows - 1) * rowHeight];
    left += length;
    return (
      `<path d="M${from} ${y}h16" stroke="${ink}" stroke-width="1.6" stroke-dasharray="${dashes}"/>` +
      `<text x="${at(from + 21)}" y="${y + 4}" fill="currentColor">${escaped(words)}</text>`
    );
  });
  return { marks, rows };
}
