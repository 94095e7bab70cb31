import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { Refusal } from '../contract/errors';
import type { JobContext, JobView } from '../contract/operations';
import { attempt, type Attempting } from './attempts';
import { Detach } from './client';
import type { Journal, JobRecord } from './journal';
import { LiveJob, viewOf } from './liveJob';

/** The operation of a job, as the journal names it. */
export interface JobOperation {
  capability: string;
  name: string;
}

/** A job's context inside the agent: a newer epoch may stop it. */
export interface StoppableJob extends JobContext<unknown> {
  stop(why: Error): void;
}

export interface JobsOptions extends Omit<Attempting, 'backoffMs'> {
  journal: Journal;
  /** Does the work: called again with the same input and id after a restart or a retry. */
  perform(operation: JobOperation, input: Record<string, unknown>, job: StoppableJob): Promise<unknown>;
  /** A journaled input as this version reads it. */
  readInput(operation: JobOperation, input: Record<string, unknown>): Record<string, unknown>;
  backoffMs?: readonly number[];
  /** Ended jobs that are kept, and for how long, ms. */
  keep?: { jobs: number; ageMs: number };
}

const backoffMs = [250, 500, 1_000, 2_000, 4_000, 8_000];
const keep = { jobs: 1_000, ageMs: 30 * 24 * 3_600_000 };
/** How long a job that is started again waits for its stopped self to end, ms. */
const patienceMs = 20_000;

/** The long work of a host. One id is one piece of work: it is done once, over retries, restarts and kills. */
export class Jobs {
  private readonly known = new Map<string, LiveJob>();
  private readonly options: Required<JobsOptions>;
  private stopping = false;

  constructor(options: JobsOptions) {
    this.options = { backoffMs, keep, ...options };
  }

  /** Reads the journal: from here on every job of this host is known. */
  async load(): Promise<void> {
    const { journal, log } = this.options;
    for await (const found of journal.all()) {
      if ('record' in found) this.remember(found.record);
      else log('a job of the journal cannot be read and was set aside', { level: 'error', ...found });
    }
  }

  /** Goes on with every job that was running when the agent ended. */
  async resume(): Promise<void> {
    for (const job of this.known.values()) {
      if (job.record.state !== 'running' || job.isRunning) continue;
      this.options.log('job goes on', { job: job.id, operation: job.operation });
      this.start(job);
    }
    await this.prune();
  }

  /** Starts a job, attaches to it when it runs, and answers its result when it is done. One that failed or was stopped starts again. */
  async put(operation: JobOperation, id: string, input: Record<string, unknown>): Promise<JobView> {
    const known = this.known.get(id);
    if (
      known &&
      (known.operation !== `${operation.capability}.${operation.name}` || known.inputDigest !== digestOf(input))
    ) {
      throw new Refusal('JobTaken', { job: id, host: this.options.host });
    }
    if (known?.isStopping) {
      await this.within(patienceMs, known.ended);
      if (known.isStopping) throw new Refusal('StillStopping', { what: `job ${id}`, host: this.options.host });
      return this.put(operation, id, input);
    }
    if (known?.record.state === 'running' || known?.record.state === 'done') return this.view(id);
    return this.create(operation, id, input, (known?.record.revision ?? 0) + 1);
  }

  /** The job as it is now. */
  async view(id: string): Promise<JobView> {
    return viewOf(await this.find(id).read());
  }

  operationOf(id: string): JobOperation {
    const { capability, operation } = this.find(id).record;
    return { capability, name: operation };
  }

  /** Answers when the revision is another than `after`, when the job has ended, or after `waitMs`. */
  async wait(id: string, after: number, waitMs: number): Promise<JobView> {
    const job = this.find(id);
    const { state, revision } = job.record;
    if (state === 'running' && revision === after && !this.stopping) await job.changed(waitMs);
    return this.view(id);
  }

  /** Asks a job to end and answers when it has, or after `waitMs` as it is then. */
  async cancel(id: string, waitMs: number): Promise<JobView> {
    const job = this.find(id);
    if (job.record.state === 'running') {
      job.stop(new Refusal('JobCancelled', { job: id }));
      await this.within(waitMs, job.ended);
    }
    return this.view(id);
  }

  /** Asks all jobs whose ids begin so to end, and answers how many have. */
  async cancelUnder(prefix: string, waitMs: number): Promise<number> {
    const running = [...this.known.values()].filter(
      ({ id, record }) => id.startsWith(prefix) && record.state === 'running',
    );
    await Promise.all(running.map(({ id }) => this.cancel(id, waitMs)));
    const late = running.find(({ record }) => record.state === 'running');
    if (late) throw new Refusal('StillStopping', { what: `job ${late.id}`, host: this.options.host });
    return running.length;
  }

  list(limit: number): JobView[] {
    const newestFirst = [...this.known.values()].toSorted((a, b) => b.record.createdAt - a.record.createdAt);
    return newestFirst.slice(0, limit).map((job) => job.view());
  }

  counts(): Record<JobView['state'], number> {
    const counts = { running: 0, done: 0, failed: 0, cancelled: 0 };
    for (const { record } of this.known.values()) counts[record.state]++;
    return counts;
  }

  /** Lets go of the running jobs: they stay in the journal as running, and the next start goes on with them. */
  async stop(waitMs: number): Promise<void> {
    this.stopping = true;
    const running = [...this.known.values()].filter((job) => job.record.state === 'running');
    for (const job of running) {
      job.stop(new Detach('the agent stops'));
      job.wake();
    }
    await this.within(waitMs, Promise.all(running.map((job) => job.ended)));
  }

  private async create(
    { capability, name }: JobOperation,
    id: string,
    input: Record<string, unknown>,
    revision: number,
  ): Promise<JobView> {
    const operation = { capability, operation: name };
    const job = this.remember({ id, ...operation, input, state: 'running', revision, createdAt: Date.now() });
    const view = job.view();
    try {
      await job.save();
    } catch (error) {
      this.known.delete(id);
      throw error;
    }
    this.options.log('job starts', { job: id, operation: job.operation });
    this.start(job);
    return view;
  }

  private find(id: string): LiveJob {
    const job = this.known.get(id);
    if (!job) throw new Refusal('JobLost', { job: id, host: this.options.host });
    return job;
  }

  private remember(record: JobRecord): LiveJob {
    const { journal, log, readInput } = this.options;
    const input = readInput({ capability: record.capability, name: record.operation }, record.input);
    const job = new LiveJob({ ...record, input }, digestOf(input), journal, (error) =>
      log('a job could not be journaled', { level: 'error', job: record.id, error: String(error) }),
    );
    this.known.set(record.id, job);
    return job;
  }

  private start(job: LiveJob): void {
    const { capability, operation: name, input } = job.record;
    job.run(async (context) => {
      const stoppable = { ...context, stop: (why: Error) => job.stop(why) };
      const work = () => this.options.perform({ capability, name }, input, stoppable);
      const ending = await attempt(job, context.signal, work, this.options);
      if (ending)
        this.options.log(`job ${ending.state}`, { job: job.id, operation: job.operation, why: ending.error?.message });
      return ending;
    });
    void job.ended.then(() => this.prune());
  }

  private async prune(): Promise<void> {
    const { keep: bounds, journal } = this.options;
    const endedAt = (job: LiveJob) => job.record.endedAt ?? 0;
    const ended = [...this.known.values()].filter((job) => job.record.state !== 'running');
    const newestFirst = ended.toSorted((a, b) => endedAt(b) - endedAt(a));
    const old = newestFirst.filter((job, at) => at >= bounds.jobs || endedAt(job) < Date.now() - bounds.ageMs);
    for (const job of old) {
      this.known.delete(job.id);
      await journal.remove(job.id);
    }
  }

  private async within(ms: number, work: Promise<unknown>): Promise<void> {
    const giveUp = new AbortController();
    await Promise.race([work, delay(ms, undefined, { signal: giveUp.signal }).catch(() => undefined)]);
    giveUp.abort();
  }
}

/** Equal for equal input, whatever the order of its keys. */
const digestOf = (input: unknown): string =>
  createHash('sha256')
    .update(JSON.stringify(sorted(input)))
    .digest('hex');

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, inner]) => [key, sorted(inner)]));
}
