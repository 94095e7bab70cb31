import type { Outlook } from '../contract/outlook';
import { family } from './metrics';

type Sample = [labels: string, value: number];

const minuteMs = 60_000;
/** How far ahead, as a label of Prometheus' own form. A sample of the future has no place in Prometheus; a label has. */
const horizons: [label: string, ms: number][] = [
  ['5m', 5 * minuteMs],
  ['15m', 15 * minuteMs],
  ...[1, 3, 6, 12, 24].map((hours): [string, number] => [`${hours}h`, hours * 60 * minuteMs]),
];

/** What is forecast of each object from now on, and what size is recommended, for Prometheus. */
export function forecastGauges(newest: ReadonlyMap<string, Outlook>, nowMs: number): string[] {
  if (newest.size === 0) return [];
  const [ahead, ages, sizes]: Sample[][] = [[], [], []];
  for (const [object, { atMs, forecast, decision }] of newest) {
    const of = `object="${object}"`;
    for (const [label, ms] of horizons) {
      const step = Math.floor((nowMs + ms - forecast.startMs) / forecast.stepMs);
      const mean = forecast.mean[step];
      if (mean === undefined) continue;
      ahead!.push([`${of},horizon="${label}",quantile="mean"`, mean]);
      for (const { level, lower, upper } of forecast.bands) {
        ahead!.push([`${of},horizon="${label}",quantile="${(100 - level) / 200}"`, lower[step]!]);
        ahead!.push([`${of},horizon="${label}",quantile="${(100 + level) / 200}"`, upper[step]!]);
      }
    }
    ages!.push([of, Math.round((nowMs - atMs) / 1000)]);
    if (decision) sizes!.push([`${of},rule="${decision.rule}"`, decision.desired]);
  }
  return [
    ...family('evenkeel_forecast', 'gauge', 'Load that is forecast, so far from now on', ahead!),
    ...family('evenkeel_forecast_age_seconds', 'gauge', 'Since the forecast was made', ages!),
    ...family('evenkeel_recommended_size', 'gauge', 'Units that the last decision asked for', sizes!),
  ];
}
