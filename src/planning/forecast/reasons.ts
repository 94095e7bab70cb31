import type { Backtest, ModelName, Models } from './forecast';
import type { Prediction } from './baseline';
import type { Calendar } from './calendar';

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
  if (ratio === undefined)
    return models[model]!.error < negligible
      ? { why: `${models[model]!.says} was never wrong.` }
      : {
          why: `${models[model]!.says} was nearest of the models.`,
          caution: `no model was better than "${naiveName(calendar)}", which was never wrong`,
        };
  const others = Object.entries(models)
    .filter(([name]) => name !== model)
    .map(([name, { error }]: [string, Prediction]) => `${name} ${percent(error / models[model]!.error)}`);
  const beaten = others.length > 0 ? `; beside it (100 %) ${others.join(' and ')}` : '';
  const why = `${models[model]!.says} was nearest at ${origins} origins of the past, with ${percent(ratio)} of the error of "${naiveName(calendar)}"${beaten}.`;
  return ratio < 1 || models[model]!.error < negligible
    ? { why }
    : {
        why,
        caution: `no model was better than "${naiveName(calendar)}" in the backtest (${percent(ratio)} of its error)`,
      };
}

/** Below this share of the load's usual distance from its median an error is none: a perfect clockwork leaves nothing to beat. */
const negligible = 0.01;

export const naiveName = ({ days, period }: Calendar): string =>
  days ? 'as at this time yesterday' : period > 1 ? `as ${period} steps before` : 'as it is now';

const percent = (share: number): string => `${Number.isFinite(share) ? Math.round(100 * share) : '?'} %`;
