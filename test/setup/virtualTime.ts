/** Numbers from 0 to 1 that are the same ones for the same seed (mulberry32, T. Ettinger, public domain). */
export type Chance = () => number;

export function chanceOf(seed: number): Chance {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** `setTimeout` of `node:timers/promises` over the timers of jest, which do not reach that module. */
export function pause<T>(ms: number, value?: T, { signal }: { signal?: AbortSignal } = {}): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(value as T), ms);
    const stop = () => {
      clearTimeout(timer);
      reject(signal!.reason as Error);
    };
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}

/** What comes of it, on a machine that is never busy: an hour passes in a moment. */
export async function inVirtualTime<T>(work: () => Promise<T>): Promise<T> {
  jest.useFakeTimers();
  try {
    const state = { over: false };
    const done = work().finally(() => void (state.over = true));
    done.catch(() => undefined); // it is awaited below
    while (!state.over) await jest.advanceTimersToNextTimerAsync();
    return await done;
  } finally {
    jest.useRealTimers();
  }
}
