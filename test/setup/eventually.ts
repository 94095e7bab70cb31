import { setTimeout as pause } from 'node:timers/promises';

/** Asks again until `look` neither throws nor answers false or undefined: tests wait for a fact, never for a time. */
export async function eventually<T>(
  look: () => T | Promise<T>,
  { timeoutMs = 15_000, everyMs = 25 } = {},
): Promise<NonNullable<T>> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      const answer = await look();
      if (answer) return answer;
      if (Date.now() > deadline) throw new Error(`not so after ${timeoutMs} ms: ${look.toString()}`);
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await pause(everyMs);
  }
}
