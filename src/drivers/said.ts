import { setTimeout as pause } from 'node:timers/promises';
import { Refusal, type ErrorCode } from '../contract/errors';

/** An answer, or in words why there is none by then. */
export async function said<T>(
  asked: Promise<T>,
  ms: number,
): Promise<{ value: T } | { why: string; code?: ErrorCode }> {
  const over = new AbortController();
  const late = pause(ms, { why: `no answer within ${ms} ms` }, { signal: over.signal }).catch(() => ({ why: 'over' }));
  const answer = asked.then(
    (value) => ({ value }),
    (error: unknown) => (error instanceof Refusal ? { why: error.message, code: error.code } : { why: String(error) }),
  );
  try {
    return await Promise.race([answer, late]);
  } finally {
    over.abort();
  }
}
