import { setTimeout as pause } from 'node:timers/promises';
import { Refusal, type ErrorCode } from '../contract/errors';

/** Why there is no answer; of a refusal its code and its facts. */
export interface Unsaid {
  why: string;
  code?: ErrorCode;
  facts?: Refusal['facts'];
}

/** An answer, or in words why there is none by then. */
export async function said<T>(asked: Promise<T>, ms: number): Promise<{ value: T } | Unsaid> {
  const over = new AbortController();
  const late = pause(ms, { why: `no answer within ${ms} ms` }, { signal: over.signal }).catch(() => ({ why: 'over' }));
  const answer = asked.then(
    (value) => ({ value }),
    (error: unknown): Unsaid =>
      error instanceof Refusal ? { why: error.message, code: error.code, facts: error.facts } : { why: String(error) },
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    over.abort();
  }
}
