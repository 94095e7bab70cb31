import { setTimeout as delay } from 'node:timers/promises';
import { Refusal } from '../contract/errors';
import { Detach } from './client';
import type { Log } from './log';
import { incident, tell } from './failure';
import type { Ending, LiveJob } from './liveJob';

export interface Attempting {
  host: string;
  /** Waits between attempts after an error that is worth a retry, ms; as many retries as entries. */
  backoffMs: readonly number[];
  log: Log;
}

/** Tries until it is done, refused, stopped, or tried often enough. Answers nothing when the agent lets go: the job stays running in the journal. */
export async function attempt(
  job: LiveJob,
  signal: AbortSignal,
  work: () => Promise<unknown>,
  { host, backoffMs, log }: Attempting,
): Promise<Ending | undefined> {
  for (const waitMs of [...backoffMs, undefined]) {
    try {
      return { state: 'done', output: await work() };
    } catch (error) {
      if (signal.aborted) return stopped(signal, job.id);
      const refusal = incident(error, host, log);
      if (!refusal.retry || waitMs === undefined) return { state: 'failed', error: tell(refusal) };
      log('job is tried again', { job: job.id, operation: job.operation, why: refusal.message, waitMs });
      job.troubled(tell(refusal));
    }
    if (!(await slept(waitMs, signal))) return stopped(signal, job.id);
  }
  return undefined;
}

function stopped({ reason }: AbortSignal, job: string): Ending | undefined {
  if (reason instanceof Detach) return undefined;
  return { state: 'cancelled', error: tell(reason instanceof Refusal ? reason : new Refusal('JobCancelled', { job })) };
}

async function slept(waitMs: number | undefined, signal: AbortSignal): Promise<boolean> {
  await delay(waitMs, undefined, { signal }).catch(() => undefined); // only an abort ends it early
  return !signal.aborted;
}
