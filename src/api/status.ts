import type { ErrorCode } from '../contract/errors';

const byCode: Partial<Record<ErrorCode, number>> = {
  BadInput: 400,
  UnknownRunbook: 404,
  Unauthenticated: 401,
  WrongRole: 403,
  NoSuchRun: 404,
  NoSuchSchedule: 404,
  ManyRuns: 409,
  AlreadyRunning: 409,
  AlreadyPaused: 409,
  RunEnded: 409,
  NotPaused: 409,
  NotHeld: 409,
  NoPlan: 409,
  OtherPlan: 409,
  PastReturn: 409,
  WasUndone: 409,
  NothingFailed: 409,
  TemporalUnreachable: 503,
  NoWorker: 503,
  AgentUnreachable: 503,
};

/** The HTTP status of a refusal; what has no line here is a no to a well-formed wish. */
export const statusOf = (code: ErrorCode): number => byCode[code] ?? 422;
