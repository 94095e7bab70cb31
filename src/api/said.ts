import {
  isGrpcDeadlineError,
  isGrpcServiceError,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
} from '@temporalio/client';
import { ApplicationFailure, CancelledFailure, WorkflowNotFoundError } from '@temporalio/common';
import { isErrorCode, Refusal } from '../contract/errors';
import type { Failure } from './views';

/** gRPC status codes that tell "nobody is there" from "no". */
const unavailable = 14;
const notFound = 5;
/** A query while no worker polls the queue. */
const failedPrecondition = 9;

/** What Temporal said, in our words. `what` is the verb for the operator: "pause it". */
export function asRefusal(error: unknown, about: { id: string; what: string; seconds: number }): Error {
  const { id, what, seconds } = about;
  if (error instanceof Refusal) return error;
  if (error instanceof WorkflowUpdateFailedError) return refusalOf(error.cause, error);
  if (error instanceof WorkflowNotFoundError) return new Refusal('NoSuchRun', { id }, { cause: error });
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError || isGrpcDeadlineError(error))
    return new Refusal('NoWorker', { id, seconds }, { cause: error });
  const said = grpcOf(error);
  if (!said) return error instanceof Error ? error : new Error(String(error));
  if (said.code === notFound) return new Refusal('NoSuchRun', { id }, { cause: error });
  if (said.code === failedPrecondition) return new Refusal('NoWorker', { id, seconds }, { cause: error });
  if (said.code === unavailable)
    return new Refusal('TemporalUnreachable', { address: 'its address', why: said.details }, { cause: error });
  return new Refusal('TemporalSaidNo', { what, why: said.details || String(error) }, { cause: error });
}

/** A run's no, brought back with the code and the sentence it had there. */
function refusalOf(cause: unknown, whole: Error): Error {
  if (!(cause instanceof ApplicationFailure) || !isErrorCode(cause.type)) return cause instanceof Error ? cause : whole;
  const [facts] = (cause.details ?? []) as [Record<string, string | number>?];
  const refusal = new Refusal(cause.type, facts ?? {}, { cause: whole });
  refusal.message = cause.message;
  return refusal;
}

/** The innermost reason of a failed run: that is the sentence an operator can act on. */
export function failureOf(error: unknown): Failure {
  let inner: unknown = error instanceof WorkflowFailedError ? error.cause : error;
  for (let depth = 0; depth < 20 && inner instanceof Error && inner.cause instanceof Error; depth += 1)
    inner = inner.cause;
  if (inner instanceof CancelledFailure) return { code: 'Cancelled', message: 'it was cancelled' };
  if (inner instanceof ApplicationFailure) return { ...(inner.type && { code: inner.type }), message: inner.message };
  return { message: inner instanceof Error ? inner.message : String(inner) };
}

function grpcOf(error: unknown): { code: number; details: string } | undefined {
  for (let each: unknown = error; each instanceof Error; each = each.cause)
    if (isGrpcServiceError(each)) return { code: each.code, details: each.details };
  return undefined;
}
