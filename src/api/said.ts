import {
  isGrpcDeadlineError,
  isGrpcServiceError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  QueryNotRegisteredError,
  type Client,
  type Connection,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, TerminatedFailure, WorkflowNotFoundError } from '@temporalio/common';
import { isErrorCode, Refusal } from '../contract/errors';
import type { Failure } from './views';

/** gRPC status codes that tell "nobody is there" from "no". */
const unavailable = 14;
const notFound = 5;
/** A query that no worker took: given up by the server, or refused since none polls the queue. */
const untaken = [1, 9];

/** Temporal answers at once or not at all: without a bound the SDK would go on asking for a minute. */
const temporalWithinS = 5;

/** What was asked of Temporal, for the sentence of a refusal: `what` is "pause it". */
export interface Asked {
  client: Client;
  id: string;
  what: string;
}

/** A call that Temporal itself answers. */
export async function askTemporal<T>(asked: Asked, act: () => Promise<T>): Promise<T> {
  try {
    return await asked.client.withDeadline(Date.now() + temporalWithinS * 1000, act);
  } catch (error) {
    if (!isGrpcDeadlineError(error)) throw asRefusal(error, asked);
    throw unreachable(asked.client, `no answer within ${temporalWithinS} s`, error);
  }
}

/** A call that a worker answers, since only it can replay the run. */
export async function askWorker<T>(asked: Asked, withinS: number, act: () => Promise<T>): Promise<T> {
  try {
    return await asked.client.withDeadline(Date.now() + withinS * 1000, act);
  } catch (error) {
    const late = error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error);
    // A run whose first task has not run yet knows no query: the same as no answer.
    const early = error instanceof QueryNotRegisteredError;
    const none = untaken.includes(grpcOf(error)?.code ?? 0);
    if (!late && !early && !none) throw asRefusal(error, asked);
    throw new Refusal('NoWorker', { id: asked.id, seconds: early ? 0 : withinS }, { cause: error });
  }
}

/** What Temporal said, in our words. */
export function asRefusal(error: unknown, { client, id, what }: Asked): Error {
  if (error instanceof Refusal) return error;
  if (error instanceof WorkflowUpdateFailedError) return refusalOf(error.cause, error);
  if (error instanceof WorkflowNotFoundError) return new Refusal('NoSuchRun', { id }, { cause: error });
  const said = grpcOf(error);
  if (!said) return error instanceof Error ? error : new Error(String(error));
  if (said.code === notFound) return new Refusal('NoSuchRun', { id }, { cause: error });
  if (said.code === unavailable) return unreachable(client, said.details, error);
  return new Refusal('TemporalSaidNo', { what, why: said.details || String(error) }, { cause: error });
}

function unreachable({ connection }: Client, why: string, cause: unknown): Refusal {
  const { address = 'its address' } = (connection as Partial<Connection>).options ?? {};
  return new Refusal('TemporalUnreachable', { address, why }, { cause });
}

/** A run's no, brought back with the code and the sentence it had there. */
function refusalOf(cause: unknown, whole: Error): Error {
  if (!(cause instanceof ApplicationFailure) || !isErrorCode(cause.type)) return cause instanceof Error ? cause : whole;
  const [facts] = (cause.details ?? []) as [Record<string, string | number>?];
  const refusal = new Refusal(cause.type, facts ?? {}, { cause: whole });
  refusal.message = cause.message;
  return refusal;
}

/** The reason of a failed run that an operator can act on: the innermost of ours, or else the innermost. */
export function failureOf(error: unknown): Failure {
  const chain: Error[] = [];
  for (let each: unknown = error; each instanceof Error && chain.length < 20; each = each.cause) chain.push(each);
  const ours = chain.findLast((each) => each instanceof ApplicationFailure && isErrorCode(each.type));
  if (ours instanceof ApplicationFailure && ours.type) return { code: ours.type, message: ours.message };
  const inner = chain.at(-1);
  if (inner instanceof CancelledFailure) return { code: 'Cancelled', message: 'it was cancelled' };
  if (inner instanceof TerminatedFailure) return { code: 'Terminated', message: 'it was terminated' };
  return { message: inner?.message ?? String(error) };
}

function grpcOf(error: unknown): { code: number; details: string } | undefined {
  for (let each: unknown = error; each instanceof Error; each = each.cause)
    if (isGrpcServiceError(each)) return { code: each.code, details: each.details };
  return undefined;
}
