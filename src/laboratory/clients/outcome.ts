import type { Outcome } from './log';

/** Classes of errors after which a commit may have been made all the same: the connection broke, the server stopped. */
const open = /^(08|57P|58|XX)/;

/**
 * What an error says of the write it came for. Only the server's own refusal of the statement is certain; a pooler's error, a
 * server that stops while a commit waits for its standby, a broken connection and a missing answer all leave it open.
 */
export function outcomeOf(error: object): Exclude<Outcome, 'acknowledged'> {
  const { severity, code } = error as { severity?: unknown; code?: unknown };
  return severity === 'ERROR' && typeof code === 'string' && !open.test(code) ? 'failed' : 'unknown';
}
