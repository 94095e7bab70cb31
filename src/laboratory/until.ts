import { setTimeout as pause } from 'node:timers/promises';

/** Asks again until `look` neither throws nor answers undefined or false; says what it waited for when that never came. */
export async function until<T>(
  what: string,
  look: () => Promise<T> | T,
  { timeoutMs = 30_000, everyMs = 25 } = {},
): Promise<NonNullable<T>> {
  for (const deadline = Date.now() + timeoutMs; ; await pause(everyMs)) {
    try {
      const answer = await look();
      if (answer !== undefined && answer !== null && answer !== false) return answer;
      if (Date.now() > deadline) throw new Error('it answers no');
    } catch (cause) {
      if (Date.now() > deadline) throw new Error(`not within ${timeoutMs / 1000} s: ${what}`, { cause });
    }
  }
}
