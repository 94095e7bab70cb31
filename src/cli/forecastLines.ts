import { Refusal } from '../contract/errors';
import { forecast, type Forecast } from '../planning/forecast/forecast';
import type { Series } from '../planning/forecast/series';
import { provisionings, type Provisionings } from './provisionLines';

type Request = Record<string, unknown>;

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
  const made = forecast({ series: seriesOf(request, 'values'), horizon, levels });
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

/** A series as a line tells it: start, step in seconds, and the values under `field`. */
export function seriesOf(request: Request, field: string): Series {
  const startMs = typeof request['start'] === 'string' ? Date.parse(request['start']) : NaN;
  if (Number.isNaN(startMs)) throw new Refusal('BadInput', { what: '"start" is no ISO 8601 time' });
  const step = number(request, 'step');
  if (step <= 0) throw new Refusal('BadInput', { what: '"step" must be above 0 seconds' });
  return { startMs, stepMs: step * 1000, values: numbers(request, field) };
}

export function number(request: Request, field: string): number {
  const value = request[field];
  if (typeof value !== 'number') throw new Refusal('BadInput', { what: `"${field}" is no number` });
  return value;
}

export function count(request: Request, field: string): number {
  const value = number(request, field);
  if (!Number.isInteger(value) || value < 1)
    throw new Refusal('BadInput', { what: `"${field}" must be a whole number above 0` });
  return value;
}

function numbers(request: Request, field: string): (number | null)[] {
  const list = request[field];
  if (!Array.isArray(list) || !list.every((each) => each === null || typeof each === 'number'))
    throw new Refusal('BadInput', { what: `"${field}" is no list of numbers` });
  return list as (number | null)[];
}
