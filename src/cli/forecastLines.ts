import { Refusal } from '../contract/errors';
import { forecast, schemes, type Forecast } from '../planning/forecast/forecast';
import { count, numbers, seriesOf, type Request } from './lineFields';
import { provisionings, type Provisionings } from './provisionLines';

/** Answers one line after the other. Objects that are provisioned are remembered from line to line. */
export function lineAnswerer(): (line: string) => object {
  const objects = provisionings();
  return (line) => {
    let id: unknown;
    try {
      const request = JSON.parse(line) as Request;
      ({ id } = request);
      return answer(request, objects);
    } catch (error) {
      return { id, error: error instanceof Error ? error.message : String(error) };
    }
  };
}

function answer(request: Request, objects: Provisionings): object {
  switch (request['cmd']) {
    case undefined:
      return answerForecast(request);
    case 'init':
      return objects.init(request);
    case 'step':
      return objects.step(request);
    default:
      throw new Refusal('BadInput', { what: `"cmd" is "init", "step" or left out` });
  }
}

function answerForecast(request: Request): object {
  const horizon = count(request, 'horizon');
  const levels = numbers(request, 'levels').filter((level): level is number => level !== null);
  const scheme = schemes.find((each) => each === (request['scheme'] ?? 'adjusted'));
  if (!scheme) throw new Refusal('BadInput', { what: `"scheme" is one of ${schemes.join(', ')}` });
  const made = forecast({ series: seriesOf(request, 'values'), horizon, levels, scheme });
  if (!made) throw new Refusal('BadInput', { what: 'the series has no observation' });
  return { id: request['id'], ...told(made) };
}

const told = (made: Forecast): object => ({
  mean: made.mean,
  lo: Object.fromEntries(made.bands.map(({ level, lower }) => [level, lower])),
  hi: Object.fromEntries(made.bands.map(({ level, upper }) => [level, upper])),
  model: made.model,
  scores: { ...made.backtest.errors, seasonalNaive: made.backtest.naive },
  candidates: made.candidates,
  baseline: made.baseline,
  why: made.why,
  ...(made.caution !== undefined && { caution: made.caution }),
});
