import { Refusal } from '../../contract/errors';
import { E, SystemError } from './sys';
import type { Refused } from './wire';

/** An error as the sender is told it. */
export function toRefused(error: unknown, host: string): Refused {
  if (error instanceof Refusal) return { code: error.code, facts: error.facts };
  if (error instanceof SystemError) {
    if (error.code === E.ENOSPC || error.code === E.EDQUOT)
      return { code: 'DiskFull', facts: { path: 'the store', host } };
    return { code: 'NotPermitted', facts: { what: `the store on ${host}`, why: error.message } };
  }
  return { code: 'BadInput', facts: { what: error instanceof Error ? error.message : String(error) } };
}
