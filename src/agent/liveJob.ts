import { setTimeout as delay } from 'node:timers/promises';
import { Refusal } from '../contract/errors';
import type { JobContext, JobView } from '../contract/operations';
import { tell, type Told } from './failure';
import type { Journal, JobRecord } from './journal';

export type Ending = Pick<JobRecord, 'state' | 'output' | 'error'>;

/** Progress becomes a new revision at most this often, and goes to disk at most that often, ms. */
const revisionEveryMs = 200;
const saveEveryMs = 1_000;

/** A job in the agent's memory. Its journal entry is the truth; an ended job keeps only what lists and lookups need. */
export class LiveJob {
  record: JobRecord;
  /** Resolves when the work has ended, however it ended. */
  ended: Promise<void> = Promise.resolve();
  /** False for a journaled job that nobody has gone on with yet. */
  isRunning = false;
  private readonly controller = new AbortController();
  private readonly waiting = new Set<() => void>();
  private newestProgress: unknown;
  private revisionTimer: NodeJS.Timeout | undefined;
  private saving: Promise<void> = Promise.resolve();
  private savedAt = 0;
  private unsaved = false;
  /** The work has ended: a late report changes nothing, on disk above all. */
  private isOver = false;

  constructor(
    record: JobRecord,
    readonly inputDigest: string,
    private readonly journal: Journal,
    private readonly onSaveFailed: (error: unknown) => void,
  ) {
    this.record = record.state === 'running' ? record : slim(record);
  }

  get id(): string {
    return this.record.id;
  }
  get operation(): string {
    return `${this.record.capability}.${this.record.operation}`;
  }
  /** Asked to end, and not there yet. */
  get isStopping(): boolean {
    return this.record.state === 'running' && this.controller.signal.aborted;
  }

  run(work: (context: JobContext<unknown>) => Promise<Ending | undefined>): void {
    const context = {
      id: this.id,
      signal: this.controller.signal,
      report: (progress: unknown) => this.report(progress),
    };
    this.isRunning = true;
    this.ended = work(context).then((ending) => this.end(ending));
  }

  stop(reason: Error): void {
    if (!this.controller.signal.aborted) this.controller.abort(reason);
  }

  /** The last trouble of a job that is tried again. */
  troubled(error: Told): void {
    this.record.error = error;
    this.revise();
  }

  /** Resolves with the next revision, or after `waitMs`. */
  async changed(waitMs: number): Promise<void> {
    let wake!: () => void;
    const revision = new Promise<void>((resolve) => (wake = resolve));
    this.waiting.add(wake);
    const timer = setTimeout(wake, waitMs);
    await revision;
    clearTimeout(timer);
    this.waiting.delete(wake);
  }

  save(as: JobRecord = this.record): Promise<void> {
    const record = structuredClone(as);
    this.savedAt = Date.now();
    const mine = this.saving.then(() => this.journal.write(record));
    this.saving = mine.catch(() => undefined); // whoever asked gets the error
    return mine;
  }

  /** The whole record; of an ended job it is on disk. */
  async read(): Promise<JobRecord> {
    return this.record.state === 'running' || this.unsaved ? this.record : this.journal.read(this.id);
  }

  view(): JobView {
    return viewOf(this.record);
  }

  wake(): void {
    for (const wake of this.waiting) wake();
  }

  private report(progress: unknown): void {
    if (this.isOver) return;
    this.newestProgress = progress;
    this.revisionTimer ??= setTimeout(
      () => this.showProgress(),
      this.record.progress === undefined ? 0 : revisionEveryMs,
    );
  }

  private showProgress(): void {
    this.revisionTimer = undefined;
    if (this.isOver) return;
    this.record.progress = this.newestProgress;
    delete this.record.error;
    this.revise();
    if (Date.now() - this.savedAt >= saveEveryMs) this.save().catch(this.onSaveFailed);
  }

  /** The end is on disk before anyone hears of it: what a run builds on must not be done again after a crash. */
  private async end(ending: Ending | undefined): Promise<void> {
    this.isOver = true;
    clearTimeout(this.revisionTimer);
    if (!ending) return this.wake();
    const { error: _, ...rest } = this.record;
    const progress = this.newestProgress !== undefined && { progress: this.newestProgress };
    const ended = { ...rest, ...progress, ...ending, revision: rest.revision + 1, endedAt: Date.now() };
    this.unsaved = true;
    this.record = (await this.saved(ended))
      ? slim(ended)
      : { ...ended, state: 'failed', error: notJournaled(ended.id) };
    this.wake();
  }

  /** A full disk may be emptied: tries for a minute. */
  private async saved(ended: JobRecord): Promise<boolean> {
    for (let attempt = 0; attempt < 60; attempt++) {
      try {
        await this.save(ended);
        this.unsaved = false;
        return true;
      } catch (error) {
        this.onSaveFailed(error);
        await delay(1_000, undefined, { ref: false });
      }
    }
    return false;
  }

  private revise(): void {
    this.record.revision++;
    this.wake();
  }
}

export function viewOf({ id, capability, operation, state, revision, progress, output, error }: JobRecord): JobView {
  return {
    id,
    operation: `${capability}.${operation}`,
    state,
    revision,
    ...(progress !== undefined && { progress }),
    ...(output !== undefined && { output }),
    ...(error && { error }),
  };
}

const notJournaled = (job: string): Told => {
  const why = `the end of job ${job} could not be written to the journal`;
  return tell(new Refusal('Unexpected', { host: 'this host', why, incident: 'see the log' }));
};

/** Inputs and outputs can be long, and ended jobs many. */
const slim = (record: JobRecord): JobRecord => ({ ...record, input: {}, output: undefined });
