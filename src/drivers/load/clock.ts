import { formatDuration } from '../../contract/amounts';
import { Refusal } from '../../contract/errors';
import type { Span } from './object';

/** Clocks of which nobody can tell more than this apart, ms: HTTP tells whole seconds. */
const leastMs = 5_000;

/** Refuses a source whose clock is off by so much that values would come into the wrong step. */
export function refuseSkew(what: string, host: string, theirMs: number, { stepMs }: Span): void {
  const skew = theirMs - Date.now();
  if (!(Math.abs(skew) > Math.max(leastMs, stepMs / 4))) return;
  const way = skew > 0 ? 'ahead of' : 'behind';
  throw new Refusal('ClockSkew', { what, skew: formatDuration(Math.abs(skew)), way, host });
}
