import { setTimeout as pause } from 'node:timers/promises';

/** How long one poll of an agent waits for news, ms. */
export const pollMs = 1_000;
/** What an agent said last no longer counts when it is silent for so much longer than that, ms. */
const graceMs = 700;
const againMs = 200;

/** Listens to several agents at once until `enough` of what they said; each is asked anew, and none is waited for. */
export class Listening<T> {
  /** What each said last; a host that went silent is no longer in it. */
  readonly said = new Map<string, T>();
  private wake = () => {};

  constructor(
    private readonly signal: AbortSignal,
    private readonly ask: (host: string, last: T | undefined) => Promise<T>,
  ) {}

  /** Looks after each answer, and a few times a second. Undefined when it was stopped. */
  async until<R>(
    hosts: readonly string[],
    enough: (said: ReadonlyMap<string, T>) => R | undefined,
  ): Promise<R | undefined> {
    const over = new AbortController();
    const stop = () => over.abort();
    this.signal.addEventListener('abort', stop, { once: true });
    for (const host of hosts) void this.listen(host, over.signal);
    try {
      while (!this.signal.aborted) {
        const found = enough(this.said);
        if (found !== undefined) return found;
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, againMs);
          this.wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      return undefined;
    } finally {
      over.abort();
      this.signal.removeEventListener('abort', stop);
    }
  }

  private async listen(host: string, over: AbortSignal): Promise<void> {
    while (!over.aborted) {
      const silent = setTimeout(() => this.said.delete(host), pollMs + graceMs);
      try {
        const answer = await this.ask(host, this.said.get(host));
        if (over.aborted) return;
        this.said.set(host, answer);
        this.wake();
      } catch {
        // A silent host is one that says nothing: those who judge see that it is missing.
        this.said.delete(host);
        await pause(againMs, undefined, { signal: over }).catch(() => undefined);
      } finally {
        clearTimeout(silent);
      }
    }
  }
}
