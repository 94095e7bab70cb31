import { writeFileSync } from 'node:fs';
import type { Outlook } from '../contract/outlook';
import { forecast } from '../planning/forecast/forecast';
import { keptBy } from '../planning/forecast/kept';
import { said } from '../planning/forecast/said';
import type { Series } from '../planning/forecast/series';
import { workloadOf } from '../planning/forecast/workload';
import { loadPlot } from '../planning/picture/loadPlot';
import { objectPicture } from '../planning/picture/objectPicture';
import { Refusal, whyOf } from '../contract/errors';
import { reportOf, type Looked } from './forecastReport';
import { readHistory, withObject, type ObjectAt } from './objectAt';
import { paintFor, printJson, printLine } from './print';

export interface ForecastFlags {
  fleet?: string;
  /** ms. */
  horizon?: number;
  svg?: string;
  json?: boolean;
}

const minuteMs = 60_000;
const dayMs = 86_400_000;
/** Steps ahead at the most: beyond it a picture tells nothing and a backtest has no room. */
const mostSteps = 10_000;
/** Behind the forecast so much of the past is drawn. */
const drawnMs = 2 * dayMs;

/** `evenkeel forecast <object>`: asks its agent for the load, forecasts it here, and shows what speaks for it. Nothing is changed. */
export async function forecastObject(object: string, { fleet, horizon, svg, json }: ForecastFlags): Promise<void> {
  const looked = await withObject(object, fleet, (found) => look(found, horizon));
  if (svg !== undefined) write(svg, `${loadPlot(looked.picture)}\n`);
  if (svg === '-') return;
  if (json) return printJson(documentOf(looked));
  const width = process.stdout.columns ?? (Number(process.env['COLUMNS']) || 100);
  for (const line of reportOf(looked, width, paintFor(process.stdout))) printLine(line);
}

async function look(found: ObjectAt, horizonMs: number | undefined): Promise<Looked> {
  const { object, entry, load } = found;
  const { step, lead, hold, schedule } = entry;
  const steps = Math.ceil((horizonMs ?? Math.max(dayMs, lead + hold + schedule.every)) / step);
  if (steps > mostSteps)
    throw new Refusal('TooMany', {
      ...{ what: `the forecast of ${object}`, count: `${steps} steps`, limit: mostSteps },
      advice: 'give a shorter --horizon',
    });
  const [history, { outlooks }, size] = await Promise.all([
    readHistory(found, (step > 15 * minuteMs ? 35 : 14) * dayMs),
    load.recallOutlooks({ object, sinceMs: Date.now() - drawnMs, steps: 100_000 }),
    entry.resize && sizeOf(found),
  ]);
  const made = forecast({ series: history, horizon: steps, levels: [80, 95] });
  const calendar = workloadOf(history, steps)?.calendar;
  if (!made || !calendar) throw new Refusal('BadSeries', { what: history.source, why: 'no value was measured' });
  const shown = said(made);
  const unit = entry.targetUse === undefined ? {} : { unit: 'share in use' };
  const drawn = lately(history, drawnMs);
  return {
    ...{ object, entry, history, outlooks, calendar, forecast: shown, filled: made.filled },
    picture: objectPicture({ object, ...unit, history: drawn, forecast: shown, outlooks }),
    ...promised(outlooks, history),
    ...(size && { size }),
  };
}

/** One that cannot be told does not keep the forecast back. */
async function sizeOf({ object, load }: ObjectAt): Promise<NonNullable<Looked['size']>> {
  try {
    return await load.readSize({ object });
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { why: whyOf(error) };
  }
}

/** So much of a forecast must have come before it is judged. */
const leastCame = 6;

/** The newest of the outlooks that can be judged, and how it did. */
function promised(outlooks: readonly Outlook[], history: Series): Pick<Looked, 'promised'> {
  for (const outlook of outlooks.toReversed()) {
    const kept = keptBy(outlook.forecast, history);
    if (kept && kept.steps >= Math.min(leastCame, outlook.forecast.mean.length))
      return { promised: { atMs: outlook.atMs, ...kept } };
  }
  return {};
}

function lately({ startMs, stepMs, values }: Series, backMs: number): Series {
  const first = Math.max(0, values.length - Math.ceil(backMs / stepMs));
  return { startMs: startMs + first * stepMs, stepMs, values: values.slice(first) };
}

function documentOf({
  object,
  entry,
  history,
  forecast: made,
  filled,
  outlooks,
  promised: kept,
  size,
}: Looked): object {
  const { host, step, min, max, autonomy } = entry;
  return {
    ...{ object, host, stepMs: step, min, max, autonomy, history, filled, forecast: made },
    promised: kept ?? null,
    size: size ?? null,
    outlook: outlooks.at(-1) ?? null,
  };
}

function write(file: string, text: string): void {
  if (file === '-') process.stdout.write(text);
  else writeFileSync(file, text);
}
