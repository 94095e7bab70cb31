import { ApplicationFailure, CancelledFailure, Context } from '@temporalio/activity';
import type { JobContext, Progress } from '../contract/operations';
import { isErrorCode, Refusal, withoutNext } from '../contract/errors';
import { Detach } from '../agent/client';
import { afterLook, anotherAttempt, mostFruitless, type Advance } from '../planning/advance';

/** How often a supervised job says that it lives, ms: pause and cancel reach it with the next heartbeat. */
const heartbeatEveryMs = 400;

/** What a heartbeat carries: where, what, and how far. The CLI and the status page read it off the pending activity. */
export interface InFlight extends Partial<Progress> {
  host: string;
  what: string;
  /** What the next attempt must know. */
  advance: Advance;
  /** Why an attempt before this one failed. */
  why?: string;
}

/**
 * Stands beside a job of an agent until it ends. A cancelled activity stops the job and waits for that; a worker that
 * shuts down, a lost heartbeat or a reset only lets go of it: the next attempt attaches to the running job.
 * However often it fails, it is tried again as long as it advances. `keeps`: what an attempt did is not done again.
 */
export async function supervise<T>(
  host: string,
  what: string,
  id: string,
  run: (job: JobContext) => Promise<T>,
  { keeps = false }: { keeps?: boolean } = {},
): Promise<T> {
  const context = Context.current();
  const { advance, why } = (context.info.heartbeatDetails ?? {}) as Partial<InFlight>;
  let inFlight: InFlight = { host, what, advance: anotherAttempt(advance), ...(why !== undefined && { why }) };
  if (inFlight.advance.fruitless > mostFruitless) throw gotNoFurther(inFlight);
  const look = (now: Progress) =>
    (inFlight = { ...inFlight, ...now, advance: afterLook(inFlight.advance, now, keeps) });
  const stop = new AbortController();
  const cancelled = () => stop.abort(isWanted(context.cancellationSignal.reason) ? undefined : new Detach());
  if (context.cancellationSignal.aborted) cancelled();
  else context.cancellationSignal.addEventListener('abort', cancelled, { once: true });
  context.heartbeat(inFlight);
  const beat = setInterval(() => context.heartbeat(inFlight), heartbeatEveryMs);
  try {
    return await run({ id, signal: stop.signal, report: look });
  } catch (error) {
    if (stop.signal.aborted && !(stop.signal.reason instanceof Detach))
      throw new CancelledFailure(`${what} was stopped`);
    if (stop.signal.aborted)
      throw ApplicationFailure.retryable(`this worker let go of the job; it goes on at ${host}`, 'Detached');
    context.heartbeat({ ...inFlight, why: error instanceof Error ? error.message : String(error) });
    throw error;
  } finally {
    clearInterval(beat);
    context.cancellationSignal.removeEventListener('abort', cancelled);
  }
}

/** No retry by itself helps any more, and a person's may: the run holds. */
function gotNoFurther({ what, why = 'its worker ended each time' }: InFlight): ApplicationFailure {
  const { message } = new Refusal('NoAdvance', { what, attempts: mostFruitless, why: withoutNext(why) });
  return ApplicationFailure.nonRetryable(message, 'NoAdvance');
}

/** Stands beside a look or an act that may take seconds: a worker that dies meanwhile is noticed, and watchers see what goes on. */
export async function beating<T>(host: string, what: string, act: () => Promise<T>): Promise<T> {
  const { heartbeat } = Context.current();
  const inFlight: Omit<InFlight, 'advance'> = { host, what };
  heartbeat(inFlight);
  const beat = setInterval(() => heartbeat(inFlight), heartbeatEveryMs);
  try {
    return await act();
  } finally {
    clearInterval(beat);
  }
}

/**
 * Waits for news of hosts, for hours if need be. A cancelled run ends it at once; a worker that shuts down hands it on to
 * another one.
 */
export async function awaiting<T>(host: string, what: string, wait: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const { cancellationSignal } = Context.current();
  const outcome = await beating(host, what, () => wait(cancellationSignal));
  if (!cancellationSignal.aborted) return outcome;
  if (isWanted(cancellationSignal.reason)) throw new CancelledFailure(`${what} was stopped`);
  throw ApplicationFailure.retryable('this worker lets go of it; another one goes on', 'Detached');
}

/** Only a cancel of the run is meant for the job; every other reason is about this worker or this attempt. */
const isWanted = (reason: unknown): boolean => reason instanceof CancelledFailure && reason.message === 'CANCELLED';

/** Refusals become failures whose type is their code; whether a retry is worth it stands in the table. */
export function guarded<A extends Record<string, (input: never) => Promise<unknown>>>(activities: A): A {
  const guard = (act: (input: never) => Promise<unknown>) => async (input: never) => {
    try {
      return await act(input);
    } catch (error) {
      throw asFailure(error);
    }
  };
  return Object.fromEntries(Object.entries(activities).map(([name, act]) => [name, guard(act)])) as A;
}

function asFailure(error: unknown): unknown {
  if (!(error instanceof Refusal) || !isErrorCode(error.code)) return error;
  return ApplicationFailure.create({
    message: error.message,
    type: error.code,
    nonRetryable: !error.retry,
    details: [error.facts],
    cause: error,
  });
}
