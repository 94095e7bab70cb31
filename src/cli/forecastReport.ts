import { counted, formatSize, formatDuration } from '../contract/amounts';
import type { ObjectEntry } from '../contract/objects';
import type { Outlook, SaidForecast } from '../contract/outlook';
import type { Calendar } from '../planning/forecast/calendar';
import type { Kept } from '../planning/forecast/kept';
import { naiveName } from '../planning/forecast/reasons';
import type { Series } from '../planning/forecast/series';
import type { LoadPicture } from '../planning/picture/loadPicture';
import { sparkline } from '../planning/picture/sparkline';
import { shortValue } from '../planning/picture/ticks';
import { table, wrapped, type Paint } from './print';

/** What was found out about an object. */
export interface Looked {
  object: string;
  entry: ObjectEntry;
  history: Series & { source: string };
  calendar: Calendar;
  forecast: SaidForecast;
  /** Values of the history that were missing. */
  filled: number;
  picture: LoadPicture;
  outlooks: readonly Outlook[];
  /** How the newest outlook of which enough has come did. */
  promised?: Kept & { atMs: number };
  /** Its size now, or why nobody can tell. */
  size?: { size: number | null; unit: string } | { why: string };
}

/** What a person reads in a terminal. */
export function reportOf(looked: Looked, width: number, paint: Paint): string[] {
  const { forecast, promised } = looked;
  const told = (text: string) => wrapped(text, width, 6);
  return [
    headOf(looked, paint),
    ...sparkline(looked.picture, width),
    '',
    errorTable(looked, paint),
    ...told(forecast.why),
    ...(forecast.caution ? told(`Nobody should act on it: ${forecast.caution}.`).map(paint.yellow) : []),
    ...staleness(looked).flatMap(told).map(paint.yellow),
    ...(promised ? ['', ...told(promiseOf(promised))] : []),
    '',
    ...sizesOf(looked).flatMap(told),
  ];
}

const headOf = ({ object, entry, history, filled }: Looked, paint: Paint): string =>
  `${paint.bold(object)} ${paint.dim(`on ${entry.host}: ${counted(history.values.length - unknown(history), 'value')} of ${history.source}, one every ${formatDuration(history.stepMs)}${filled > 0 ? `, ${filled} missing` : ''}`)}`;

const unknown = ({ values }: Series): number => values.filter((value) => value === null).length;

function errorTable({ forecast, calendar }: Looked, paint: Paint): string {
  const { errors, naive, model } = forecast;
  const row = (name: string, error: number | undefined) => [
    name === model ? paint.green('✔') : ' ',
    name,
    error === undefined ? '-' : shortValue(error),
    error === undefined || naive === 0 ? '-' : `${Math.round((100 * error) / naive)} %`,
  ];
  const rows = [...(['seasonality', 'trend', 'baseline'] as const).map((name) => row(name, errors[name]))];
  return table(['', 'MODEL', 'MEAN ERROR', 'OF NAIVE'], [...rows, row(naiveName(calendar), naive)], paint);
}

/** A source that has fallen silent: the forecast begins where its values end. */
function staleness({ history: { values, stepMs } }: Looked): string[] {
  const late = values.length - 1 - values.findLastIndex((value) => value !== null);
  return late > 2 ? [`The last value is ${formatDuration(late * stepMs)} old: the source has fallen silent.`] : [];
}

function promiseOf({ atMs, steps, inside, meanError, meanLoad }: NonNullable<Looked['promised']>): string {
  const shares = inside.map(({ level, share }) => `${Math.round(100 * share)} % inside the ${level} % band`).join(', ');
  const relative = meanLoad > 0 ? ` (${Math.round((100 * meanError) / meanLoad)} % of the load)` : '';
  return `What was published at ${moment(atMs)} has met ${counted(steps, 'step')} since: ${shares}; mean error ${shortValue(meanError)}${relative}.`;
}

function sizesOf({ entry, outlooks, size }: Looked): string[] {
  const unit = size && 'unit' in size ? size.unit : 'units';
  const amount = (units: number) => formatSize(units, unit);
  const { min, max, autonomy } = entry;
  const lines = [presentSize()];
  const last = outlooks.at(-1);
  if (!last) return [...lines, 'No outlook was published yet.'];
  const { decision } = last;
  if (!decision) return [...lines, `The last outlook (${moment(last.atMs)}) recommends no size.`];
  const became = decision.done
    ? 'done'
    : autonomy === 'forecast'
      ? 'not done, the fleet file only wants a forecast'
      : 'not done';
  return [
    ...lines,
    `Recommended at ${moment(last.atMs)}: ${amount(decision.desired)} (${became}): ${decision.reason}.`,
  ];

  function presentSize(): string {
    const bounds = `${unit === 'bytes' ? amount(min) : min} to ${amount(max)} allowed`;
    if (!size) return `The fleet file does not say how it is resized; ${bounds}.`;
    if ('why' in size) return `Its size is not known: ${size.why}.`;
    return size.size === null ? `No size is set; ${bounds}.` : `It has ${amount(size.size)}; ${bounds}.`;
  }
}

const moment = (atMs: number): string => `${new Date(atMs).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
