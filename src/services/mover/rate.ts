import type { Progress } from '../../contract/operations';

const EVERY_MS = 500;
const OVER = 8; // reports that the rate is taken over: the last few seconds

/** Tells a job's progress twice a second. */
export class Rate {
  note = '';
  private seen: { at: number; done: number }[] = [];
  private readonly timer: NodeJS.Timeout;

  constructor(
    private readonly tell: (progress: Progress) => void,
    private readonly look: () => { done: number; doneFiles: number; total?: number },
    private readonly unit: 'bytes' | 'files' = 'bytes',
  ) {
    this.timer = setInterval(() => this.report(), EVERY_MS);
  }
  private report(): void {
    const { done, doneFiles, total } = this.look();
    const at = performance.now();
    this.seen = [...this.seen.slice(-OVER + 1), { at, done }];
    const first = this.seen[0] ?? { at, done };
    const rate = at > first.at ? ((done - first.done) / (at - first.at)) * 1000 : 0;
    const note = this.note === '' ? {} : { note: this.note };
    this.tell({ done, total: total ?? 0, unit: this.unit, rate: Math.round(rate), doneFiles, ...note });
  }
  stop(): void {
    clearInterval(this.timer);
    this.report();
  }
}
