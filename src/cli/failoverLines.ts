import { counted, formatDuration } from '../contract/amounts';
import type { FailoverReport } from '../contract/failoverReports';
import { failoverPicture } from '../planning/picture/failoverPicture';
import { outageLetters } from '../planning/picture/outageLetters';

/** What came of a failover, for a person: who serves now, what it cost, who voted how, and the writes around it as a picture. */
export function failoverLines(report: FailoverReport, width: number): string[] {
  const { was, primary, verdict, epoch, timeline, gapMs, votes, fence, writes, left, phases } = report;
  const picture = failoverPicture(report);
  return [
    `  ${primary} took the place of ${was}, which was ${verdict}: epoch ${epoch}, timeline ${timeline}.`,
    ...(gapMs === undefined ? [] : [`  The observers could not write for ${formatDuration(gapMs)}.`]),
    `  ${lossSentence(report)}`,
    `  ${openOutcomes(report)}`,
    ...block('The observers said:', votes),
    ...(fence.length > 0
      ? block(`${was} accepts nothing:`, fence)
      : block(`${was} was not fenced, and can acknowledge nothing:`, [
          'its commits wait for a standby that it no longer has',
        ])),
    ...block(
      'Written through:',
      writes.map(({ forwarder, server, tookMs }) => `${forwarder}, to ${server}, in ${formatDuration(tookMs)}`),
    ),
    ...block('Took no part:', left),
    ...(picture
      ? [
          '',
          `  Writes of the observers in ${formatDuration(picture.stepMs)} each:`,
          ...indented(outageLetters(picture, width - 2)),
        ]
      : block(
          'Phases:',
          phases.map(({ what, afterMs }) => `+${formatDuration(afterMs)}  ${what}`),
        )),
  ];
}

function lossSentence({ lost, lossless, lostUnknown, was }: FailoverReport): string {
  if (lost && lost.commits === 0)
    return `No commit was lost: ${was} has none past ${lost.forkLsn} that the new one lacks.`;
  if (lost && lossless)
    return `No acknowledged commit was lost. ${counted(lost.commits, 'commit')} that only ${was} has had waited for the standby in vain, and no client was told of ${lost.commits === 1 ? 'it' : 'them'}.`;
  if (lost) {
    const which =
      lost.xids.length > 0
        ? ` (transactions ${lost.xids.slice(0, 10).join(', ')}${lost.commits > 10 ? ' …' : ''})`
        : '';
    return `${counted(lost.commits, 'commit')} of ${was} ${lost.commits === 1 ? 'was' : 'were'} lost${which}: its WAL from ${lost.forkLsn} to ${lost.endLsn} has them.`;
  }
  if (lossless) return 'No acknowledged commit was lost: each had waited for the standby.';
  return `What was lost is not known yet${lostUnknown === undefined ? '' : ` (${lostUnknown})`}: \`evenkeel run rejoin-standby\` tells it.`;
}

function openOutcomes({ unknownOutcomes, stillHung }: FailoverReport): string {
  if (unknownOutcomes === 0) return 'No connection was left waiting for the old primary.';
  const left = stillHung > 0 ? `; ${stillHung} still hang` : ', and were reset';
  return `${counted(unknownOutcomes, 'connection')} waited for the old primary${left}: what they asked for may have happened.`;
}

const indented = (lines: readonly string[]): string[] => lines.map((line) => `  ${line}`);
const block = (title: string, lines: readonly string[]): string[] =>
  lines.length === 0 ? [] : [`  ${title}`, ...indented(indented(lines))];
