import { counted, formatDuration } from '../../contract/amounts';
import type { FailoverReport } from '../../contract/failoverReports';

/** A failover in one sentence, for whoever was not there. */
export function failedOver({ endpoint, was, primary, verdict, gapMs, lost, lossless }: FailoverReport): string {
  const gap = gapMs === undefined ? '' : `, after ${formatDuration(gapMs)} without writes`;
  const missing =
    lost !== undefined
      ? `${counted(lost.commits, 'acknowledged commit')} of ${was} ${lost.commits === 1 ? 'is' : 'are'} missing`
      : lossless
        ? 'nothing that was acknowledged is lost'
        : `what ${was} alone had is not known yet`;
  return `${was} was ${verdict}, and ${primary} is the primary of ${endpoint} now${gap}; ${missing}`;
}
