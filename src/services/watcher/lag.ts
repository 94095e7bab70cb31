const everyMs = 10;
/** As much as anybody asks for, ms. */
const keptMs = 1_000;

/** How late this process is: a timer that comes late by 100 ms would take an answer that came in time for a miss. */
export class Lag {
  private readonly late: { atMs: number; byMs: number }[] = [];
  private timer: NodeJS.Timeout | undefined;
  private last = performance.now();

  start(): this {
    this.last = performance.now();
    this.timer = setInterval(() => this.sample(), everyMs);
    return this;
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** By how much its own clock ran late at the worst, in the last so many ms. */
  worst(withinMs = keptMs): number {
    const now = performance.now();
    const since = now - withinMs;
    const pending = now - this.last - everyMs;
    return this.late.reduce(
      (most, { atMs, byMs }) => (atMs >= since ? Math.max(most, byMs) : most),
      Math.max(0, pending),
    );
  }

  private sample(): void {
    const now = performance.now();
    const byMs = now - this.last - everyMs;
    this.last = now;
    if (byMs > 1) this.late.push({ atMs: now, byMs });
    while (this.late[0] && this.late[0].atMs < now - keptMs) this.late.shift();
  }
}
