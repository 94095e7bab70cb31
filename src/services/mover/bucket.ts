/** Bounds how many bytes leave this host in a second; 0 is no bound. A change holds at once, for those who wait too. */
export class Bucket {
  private rate = 0;
  private tokens = 0;
  private filledAt = performance.now();
  private changed: (() => void)[] = [];

  set(bytesPerSecond: number): void {
    this.rate = bytesPerSecond;
    this.tokens = 0;
    this.filledAt = performance.now();
    for (const wake of this.changed.splice(0)) wake();
  }
  /** Waits until that many bytes may go. A quarter of a second may go at once. */
  async take(bytes: number, signal: AbortSignal): Promise<void> {
    while (this.rate > 0 && !signal.aborted) {
      const now = performance.now();
      this.tokens = Math.min(this.rate / 4, this.tokens + ((now - this.filledAt) / 1000) * this.rate);
      this.filledAt = now;
      if (this.tokens >= 0) {
        this.tokens -= bytes; // may fall below zero: the next one waits for it
        return;
      }
      await this.pause(Math.min(200, (-this.tokens / this.rate) * 1000));
    }
  }
  private pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.changed.push(() => {
        clearTimeout(timer);
        resolve();
      });
      if (this.changed.length > 100) this.changed.splice(0, 50).forEach((wake) => wake());
    });
  }
}
