import { formatDuration } from '../../contract/amounts';
import { Refusal } from '../../contract/errors';
import type { Csv } from '../../contract/series';
import type { Span, Values } from './object';

/** How many of the newest values tell that a series has become slower than it was. */
const newest = 20;

/** Samples at any time, put into the steps of a span. A step without one stays null. */
export class Grid {
  private readonly sums: Float64Array;
  private readonly counts: Uint32Array;
  private readonly lastAt: Float64Array;
  /** Steps in which something was measured, be it NaN. */
  private readonly touched: Uint8Array;

  constructor(
    private readonly span: Span,
    private readonly combine: Csv['combine'],
  ) {
    this.sums = new Float64Array(span.steps);
    this.counts = new Uint32Array(span.steps);
    this.lastAt = new Float64Array(span.steps).fill(-Infinity);
    this.touched = new Uint8Array(span.steps);
  }

  /** Null is a sample that says nothing: NaN, an empty field. */
  add(atMs: number, value: number | null): void {
    const step = Math.floor((atMs - this.span.startMs) / this.span.stepMs);
    if (step < 0 || step >= this.span.steps) return;
    this.touched[step] = 1;
    if (value === null || !Number.isFinite(value)) return;
    const before = this.counts[step] ?? 0;
    this.counts[step] = before + 1;
    if (this.combine === 'max') this.sums[step] = before === 0 ? value : Math.max(this.sums[step]!, value);
    else if (this.combine === 'last') this.sums[step] = atMs >= this.lastAt[step]! ? value : this.sums[step]!;
    else this.sums[step]! += value;
    this.lastAt[step] = Math.max(atMs, this.lastAt[step]!);
  }

  /** The values; refuses a series that is slower than the step, since most of it would be holes. */
  values(what: string, object: string): Values {
    const gaps = this.gaps();
    const found = Math.max(median(gaps), gaps.length >= newest ? median(gaps.slice(-newest)) : 0);
    const { stepMs } = this.span;
    if (found >= 2)
      throw new Refusal('OtherStep', {
        what,
        object,
        found: formatDuration(found * stepMs),
        step: formatDuration(stepMs),
      });
    return Array.from(this.sums, (sum, step) => {
      const count = this.counts[step]!;
      if (count === 0) return null;
      return this.combine === 'mean' ? sum / count : sum;
    });
  }

  /** From each step with a sample to the next one, in steps. */
  private gaps(): number[] {
    const steps = [...this.touched.keys()].filter((step) => this.touched[step] === 1);
    return steps.slice(1).map((step, i) => step - steps[i]!);
  }
}

function median(numbers: number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? 0;
}
