import type { Outlook, SaidForecast } from '../../contract/outlook';
import { endMs, type Line, type LoadPicture } from './loadPicture';

/** All that a picture of an object is made of. */
export interface ObjectLook {
  object: string;
  /** Of the load, where somebody knows it. */
  unit?: string;
  history: Line;
  /** The forecast to draw; left out, none is. */
  forecast?: SaidForecast;
  /** What was said before, oldest first. */
  outlooks: readonly Outlook[];
}

/** The picture of an object: its load, what is expected, what was expected a day before, what was provided and what is recommended. */
export function objectPicture({ object, unit, history, forecast, outlooks }: ObjectLook): LoadPicture {
  // One that ended before the history does has nothing to say of what is ahead; it is drawn as an earlier one.
  const ahead = forecast && endMs({ ...forecast, values: forecast.mean }) > endMs(history) ? forecast : undefined;
  const before = outlooks.filter((outlook) => outlook.forecast.startMs !== ahead?.startMs);
  const earlier = drawn(history, (atMs) => saidBefore(before, atMs));
  const capacity = drawn(history, (atMs) => providedAt(outlooks, atMs));
  const recommended = ahead && recommendedBy(outlooks.at(-1), ahead);
  return {
    object,
    ...(unit !== undefined && { unit }),
    history,
    forecast: ahead
      ? { startMs: ahead.startMs, stepMs: ahead.stepMs, values: ahead.mean, bands: ahead.bands }
      : { startMs: endMs(history), stepMs: history.stepMs, values: [], bands: [] },
    ...(earlier && { earlier }),
    ...(capacity && { capacity }),
    ...(recommended && { recommended }),
  };
}

const dayMs = 86_400_000;

/** What was said of a moment as long before as it was said within a day: a forecast is shown at its hardest. */
function saidBefore(outlooks: readonly Outlook[], atMs: number): number | null {
  for (const { forecast } of outlooks) {
    const { startMs, stepMs, mean } = forecast;
    if (startMs > atMs) return null;
    const value = mean[Math.round((atMs - startMs) / stepMs)];
    if (startMs > atMs - dayMs && value !== undefined) return value;
  }
  return null;
}

/** Load that the size of then could carry. */
function providedAt(outlooks: readonly Outlook[], atMs: number): number | null {
  const then = outlooks.findLast((outlook) => outlook.atMs <= atMs);
  return typeof then?.size === 'number' && then.capacity !== undefined ? then.size * then.capacity : null;
}

function recommendedBy(last: Outlook | undefined, { startMs, stepMs, mean }: SaidForecast): Line | undefined {
  const { decision, capacity } = last ?? {};
  if (!decision || capacity === undefined) return undefined;
  return { startMs, stepMs, values: mean.map(() => decision.desired * capacity) };
}

/** A line over the steps of another; undefined where it would have no point. */
function drawn({ startMs, stepMs, values }: Line, valueAt: (atMs: number) => number | null): Line | undefined {
  const line = { startMs, stepMs, values: values.map((_, step) => valueAt(startMs + step * stepMs)) };
  return line.values.some((value) => value !== null) ? line : undefined;
}
