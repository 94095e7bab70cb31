import type { Backtest, ModelName, Models } from './forecast';
import type { Prediction } from './baseline';
import type { Calendar } from './calendar';
import type { Seasonality } from './seasonality';

/** Why a model won, in one sentence, and why nobody should act on it, if nobody should. */
export interface Reasons {
  why: string;
  caution?: string;
}

/** The sentence that goes with a forecast. */
export function reasonsOf(models: Models, model: ModelName, backtest: Backtest, calendar: Calendar): Reasons {
  const { origins, ratio } = backtest;
  if (origins === 0) {
    const why = 'The history is too short to compare the models, so the baseline is taken';
    return { why: `${why}.`, caution: 'the history is too short for a backtest' };
  }
  if (ratio === undefined) return { why: `The load has repeated itself exactly, and ${subjects[model]} says so.` };
  const others = Object.entries(models)
    .filter(([name]) => name !== model)
    .map(([name, { error }]: [string, Prediction]) => `${name} ${percent(error / models[model]!.error)}`);
  const beaten = others.length > 0 ? `; beside it (100 %) ${others.join(' and ')}` : '';
  const why = `${described(models, model, calendar)} was nearest at ${origins} origins of the past, with ${percent(ratio)} of the error of "${naiveName(calendar)}"${beaten}.`;
  return ratio < 1 || models[model]!.error < negligible
    ? { why }
    : {
        why,
        caution: `no model was better than "${naiveName(calendar)}" in the backtest (${percent(ratio)} of its error)`,
      };
}

/** Below this share of the load's usual distance from its median an error is none: a perfect clockwork leaves nothing to beat. */
const negligible = 0.01;

const subjects: Record<ModelName, string> = {
  baseline: 'the baseline',
  seasonality: 'seasonality',
  trend: 'the short-term trend',
};

export const naiveName = ({ days, period }: Calendar): string =>
  days ? 'as at this time yesterday' : period > 1 ? `as ${period} steps before` : 'as it is now';

function described({ seasonality, trend }: Models, model: ModelName, { days, period }: Calendar): string {
  switch (model) {
    case 'baseline':
      return 'The baseline without any cycle';
    case 'seasonality':
      if (!days) return `Seasonality (a cycle of ${period} steps)`;
      return `Seasonality (${shapes[seasonality?.profile ?? 'daily']})`;
    case 'trend':
      return trend?.kind === 'line'
        ? 'The short-term trend (a fading line)'
        : 'The short-term trend (regression on recent levels and the same time of earlier days)';
  }
}

const shapes: Record<Seasonality['profile'], string> = {
  none: 'no shape',
  daily: 'one shape for all days',
  weekend: 'one shape for working days, one for rest days',
  weekly: 'a shape of the day and one of the week',
};

const percent = (share: number): string => `${Number.isFinite(share) ? Math.round(100 * share) : '?'} %`;
