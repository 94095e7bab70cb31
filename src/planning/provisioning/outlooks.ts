import { forecast, type Forecast } from '../forecast/forecast';
import type { Series } from '../forecast/series';
import type { Outlook } from './policy';

/** The bands that the policy reads. */
export const outlookLevels = [80, 95] as const;

export const outlookOf = ({ startMs, mean, bands, caution }: Forecast): Outlook => ({
  startMs,
  mean,
  bands,
  ...(caution !== undefined && { caution }),
});

/** The forecast made when only the first `known` values were. Undefined without an observation. */
export function outlookAt(series: Series, known: number, horizon: number): Outlook | undefined {
  const past = { ...series, values: series.values.slice(0, known) };
  const made = forecast({ series: past, horizon, levels: outlookLevels });
  return made && outlookOf(made);
}

/**
 * The forecasts that would have been made between two steps, one every `every` steps: what a policy that starts today knows
 * of its past.
 */
export function pastOutlooks(
  series: Series,
  { from, to, every, horizon }: { from: number; to: number; every: number; horizon: number },
): Outlook[] {
  const outlooks: Outlook[] = [];
  for (let known = Math.max(from, 1); known < to; known += every) {
    const outlook = outlookAt(series, known, horizon);
    if (outlook) outlooks.push(outlook);
  }
  return outlooks;
}
