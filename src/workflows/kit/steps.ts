import { log } from '@temporalio/workflow';
import type { StepState, StepView } from './messages';

/** The sentences of a run, in the order in which they were begun, and how each went. */
export class Steps {
  readonly list: StepView[] = [];

  constructor(private readonly changed: () => void) {}

  add(what: string): StepView {
    const view: StepView = { what, state: 'waiting' };
    this.list.push(view);
    return view;
  }

  move(view: StepView, state: StepState, why?: string): void {
    view.state = state;
    if (why !== undefined) view.why = why;
    if (state === 'running') {
      view.startedAt = new Date().toISOString();
      delete view.endedAt;
      delete view.why;
    } else if (state !== 'undone') view.endedAt = new Date().toISOString();
    log.info(`${state}: ${view.what}`, why === undefined ? {} : { why });
    this.changed();
  }

  /** What somebody else did, at its own time. ms since the epoch of Unix. */
  recall(what: string, fromMs: number, toMs: number): void {
    const [startedAt, endedAt] = [fromMs, toMs].map((ms) => new Date(ms).toISOString());
    this.list.push({ what, state: 'done', startedAt: startedAt!, endedAt: endedAt! });
    this.changed();
  }

  undone(what: string): void {
    const view = this.list.find((step) => step.what === what);
    if (view) this.move(view, 'undone');
  }

  isDone(what: string): boolean {
    return this.list.some((step) => step.what === what && step.state === 'done');
  }

  lastDone(): string | undefined {
    return this.list.findLast((step) => step.state === 'done')?.what;
  }
}

/** What was begun and how to undo it, the last first. */
export class Undos {
  /** From the first undo to the last: it is carried through. */
  running = false;
  private readonly list: { what: string; run: () => Promise<unknown> }[] = [];

  get some(): boolean {
    return this.list.length > 0;
  }

  add(what: string, run: () => Promise<unknown>): void {
    this.list.unshift({ what, run });
  }

  async perform(one: (what: string, run: () => Promise<unknown>) => Promise<void>): Promise<void> {
    this.running = true;
    for (const { what, run } of this.list.splice(0)) await one(what, run);
    this.running = false;
  }
}
