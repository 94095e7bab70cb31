import { randomUUID } from 'node:crypto';
import { errors, isErrorCode, Refusal, type ErrorCode } from '../contract/errors';
import type { Log } from './log';
import type { JobView } from '../contract/operations';

/** What an agent says of a failure: never a stack, always a code of the table. */
export type Told = NonNullable<JobView['error']>;

export const tell = ({ code, message, facts }: Refusal): Told => ({ code, message, facts });

/** The refusal that an agent told. A code that only a newer agent knows becomes `Unexpected`. */
export function retold(told: Told, host: string): Refusal {
  if (isErrorCode(told.code)) return new Refusal(told.code, told.facts);
  return new Refusal('Unexpected', { host, why: told.message, incident: told.code });
}

/** An error that is no refusal: the caller gets its first line and a number; the whole of it is in the log under that number. */
export function incident(error: unknown, host: string, log: Log): Refusal {
  if (error instanceof Refusal) return error;
  const { code, path } = (error ?? {}) as NodeJS.ErrnoException;
  if (code === 'ENOSPC' || code === 'EDQUOT')
    return new Refusal('DiskFull', { host, path: path ?? 'a directory' }, { cause: error });
  const number = randomUUID().slice(0, 8);
  log('unexpected error', {
    level: 'error',
    incident: number,
    error: error instanceof Error ? error.stack : String(error),
  });
  const why = (error instanceof Error ? error.message : String(error)).split('\n', 1)[0] ?? '';
  return new Refusal('Unexpected', { host, why, incident: number }, { cause: error });
}

const statuses: Partial<Record<ErrorCode, number>> = {
  BadInput: 400,
  Unauthenticated: 401,
  WrongRole: 403,
  OutsideRoots: 403,
  NotPermitted: 403,
  NotFound: 404,
  NoSuchCapability: 404,
  JobLost: 404,
  UnknownHost: 404,
  UnknownFileServer: 404,
  UnknownObject: 404,
  OutsideBounds: 400,
  Unexpected: 500,
};

/** What is worth a retry is 503: a proxy or a person with curl understands it too. */
export const statusOf = (code: ErrorCode): number => statuses[code] ?? (errors[code].retry ? 503 : 409);
