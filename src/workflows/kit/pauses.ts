import { CancellationScope, isCancellation } from '@temporalio/workflow';
import type { Attendance } from './attendance';

/** How a run stands still while somebody has paused it. `carriedThrough`: it undoes what it began, which no pause stops. */
export class Pauses {
  constructor(
    private readonly attendance: Pick<Attendance, 'pausedBy' | 'whileNotPaused' | 'whenPaused'>,
    private readonly carriedThrough: () => boolean,
  ) {}

  get now(): boolean {
    return this.attendance.pausedBy !== undefined;
  }

  /** Resolves when the run is not paused; also after `atMostMs`, if that is given. */
  over(atMostMs?: number): Promise<void> {
    return !this.now || this.carriedThrough() ? Promise.resolve() : this.attendance.whileNotPaused(atMostMs);
  }

  /** For long steps, which must find their own safe place. */
  begun(): Promise<void> {
    return this.attendance.whenPaused();
  }

  /** Waits for something, as long as the run is not paused: a pause stops the wait, and it begins anew afterwards. */
  async between<T>(wait: () => Promise<T>): Promise<T> {
    for (;;) {
      await this.over();
      const outcome = await this.until(wait);
      if (outcome !== undefined) return outcome.value;
    }
  }

  /** Waits for something until the run is paused: then there is no outcome. */
  async until<T>(wait: () => Promise<T>): Promise<{ value: T } | undefined> {
    const scope = new CancellationScope({ cancellable: true });
    // A stop ends the wait for a pause, and the scope by itself.
    this.begun().then(
      () => scope.cancel(),
      () => undefined,
    );
    try {
      return { value: await scope.run(wait) };
    } catch (error) {
      if (!isCancellation(error) || !this.now) throw error;
      return undefined;
    }
  }
}
