import { Refusal } from '../contract/errors';
import type { Series } from '../planning/forecast/series';

/** One line of the contract, read but not yet understood. Checked by hand: a schema library costs more than an answer. */
export type Request = Record<string, unknown>;

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

export function numbers(request: Request, field: string): (number | null)[] {
  const list = request[field];
  if (!Array.isArray(list) || !list.every((each) => each === null || typeof each === 'number'))
    throw new Refusal('BadInput', { what: `"${field}" is no list of numbers` });
  return list as (number | null)[];
}
