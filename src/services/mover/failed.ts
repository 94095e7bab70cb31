import { Refusal, isErrorCode } from '../../contract/errors';
import type { Failed } from './protocol';
import { SystemError } from './sys';

/** An error on its way to another thread or process, and back. */
export function toFailed(error: unknown, host: string): Failed {
  if (error instanceof Refusal) return { code: error.code, facts: error.facts, message: error.message };
  if (error instanceof SystemError)
    return { code: 'NotPermitted', facts: { what: host, why: error.message }, message: error.message };
  return { message: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}

export const fromFailed = ({ code, facts, message }: Failed): Error =>
  isErrorCode(code) ? new Refusal(code, facts) : new Error(message);
