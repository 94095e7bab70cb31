import { formatDuration } from '../../contract/amounts';
import { Refusal } from '../../contract/errors';
import type { Outlook, SaidForecast } from '../../contract/outlook';
import type { Series } from '../forecast/series';
import { shortValue } from '../picture/ticks';
import { decide } from './decide';
import type { Decision } from './policy';
import { promised, type Promised } from './promise';
import { policyOf, type Terms } from './terms';

/** All that a run knows of an object before it decides. */
export interface ObjectFindings {
  terms: Terms;
  nowMs: number;
  series: Series & { source: string };
  /** Undefined when there was not one observation. */
  forecast: SaidForecast | undefined;
  /** The one that a decision looks at; left out for an object that is only forecast. */
  near?: SaidForecast | undefined;
  /** What was said before, oldest first. */
  before: readonly Outlook[];
  /** Left out for an object that is only forecast. */
  size?: { size: number | null; unit: string };
}

/** What is said of an object, and what is to be done about it. */
export interface ObjectPlan {
  object: string;
  forecast: SaidForecast;
  near?: SaidForecast;
  promised?: Promised;
  /** Units now; null when nobody can tell. */
  size?: number | null;
  unit?: string;
  decision?: Decision;
}

/** Forecast, promise and, for what can be resized, a decision. Nothing is decided without a measured load. */
export function planObject(findings: ObjectFindings): ObjectPlan {
  const { terms, series, forecast, near, before, size } = findings;
  if (!forecast)
    throw new Refusal('NoSeries', { what: series.source, from: when(series.startMs), to: when(findings.nowMs) });
  const kept = promised(before.at(-1), series);
  return {
    object: terms.name,
    forecast,
    ...(kept && { promised: kept }),
    ...(near && { near }),
    ...(size && { size: size.size, unit: size.unit, decision: decisionOf(findings, near ?? forecast, size.size) }),
  };
}

function decisionOf(
  { terms, nowMs, series, before }: ObjectFindings,
  forecast: SaidForecast,
  size: number | null,
): Decision {
  const policy = policyOf(terms);
  const lately = before.flatMap(({ atMs, decision, size: then }) =>
    decision
      ? [{ atMs, wish: decision.wish, desired: decision.done ? decision.desired : (then ?? decision.desired) }]
      : [],
  );
  return decide({
    ...{ policy, nowMs, lately },
    stepMs: series.stepMs,
    startMs: series.startMs,
    observed: series.values,
    outlooks: [...before.map((outlook) => outlook.near ?? outlook.forecast), forecast],
    // An object that cannot tell its size has the one that was set last; before the first, the largest: nothing is taken from it.
    current: size ?? lately.at(-1)?.desired ?? policy.max,
  });
}

/** Would anything change? An object that cannot tell its size is set each time. */
export const changes = ({ size, decision }: ObjectPlan): boolean => decision !== undefined && decision.desired !== size;

/** What a yes is bound to: the size, and not the figures that move with each look. */
export const objectEssence = ({ object, decision }: ObjectPlan): unknown => ({
  object,
  desired: decision?.desired ?? null,
});

export function objectSentences(plan: ObjectPlan): string[] {
  const { object, forecast, promised: kept, size, unit = 'units', decision } = plan;
  const { value, atMs } = peakOf(forecast);
  return [
    `${object}: at most ${shortValue(value)} expected, at ${when(atMs)}`,
    forecast.why,
    ...(forecast.caution === undefined ? [] : [forecast.caution]),
    ...(kept ? [keptSentence(kept, forecast)] : []),
    ...(decision
      ? [
          changes(plan)
            ? `${object}: ${size ?? 'an unknown number of'} ${unit} now, ${decision.desired} wanted`
            : `${object}: ${decision.desired} ${unit}, as now`,
          `${decision.rule}: ${decision.reason}${decision.bounds.length > 0 ? `; bounded by ${decision.bounds.join(' and ')}` : ''}`,
        ]
      : []),
  ];
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;

const keptSentence = ({ steps, inside80, inside95, error }: Promised, { stepMs }: SaidForecast): string =>
  `What was forecast last held for ${formatDuration(steps * stepMs)}: ${percent(inside80)} inside the 80 % band, ` +
  `${percent(inside95)} inside the 95 % band, off by ${shortValue(error)} in the mean`;

/** The highest expected value, and when. */
export function peakOf({ mean, startMs, stepMs }: SaidForecast): { value: number; atMs: number } {
  let at = 0;
  for (const [step, value] of mean.entries()) if (value > mean[at]!) at = step;
  return { value: mean[at] ?? 0, atMs: startMs + at * stepMs };
}

/** `2026-03-01 14:05 UTC`. */
const when = (ms: number): string => `${new Date(ms).toISOString().slice(0, 16).replace('T', ' ')} UTC`;
