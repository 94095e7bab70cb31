import type { FailoverReport } from '../contract/failoverReports';
import type { Attempt, ClientLog } from '../laboratory/clients/log';
import type { Verdict } from '../laboratory/history';
import { phaseWords } from '../planning/picture/failoverPicture';
import { outageLetters } from '../planning/picture/outageLetters';
import { outagePicture, type Phase } from '../planning/picture/outagePicture';
import { failoverLines } from './failoverLines';
import { paintFor, printLine } from './print';

export interface Told {
  verdict: Verdict;
  log: ClientLog;
  faultMs: number;
  victim: string;
  /** Addresses of servers, by which they are named. */
  names: ReadonlyMap<string, string>;
  /** Of the run that failed it over. */
  report?: FailoverReport;
}

/** Before the failure and behind the gap the picture shows as much. */
const aroundMs = 2_000;

/** The writes around the failure as a picture, and what became of them in sentences. */
export function printFailover({ verdict, log, faultMs, victim, names, report }: Told): void {
  const { gap, sound, sentences } = verdict;
  const phases: Phase[] = [{ atMs: faultMs, what: `${victim} is killed` }, ...phasesOf(report)];
  const first = gap.over ? firstFrom(log, gap.toMs) : undefined;
  if (first) {
    const by = `${names.get(first.server ?? '') ?? first.server}, timeline ${first.timeline}`;
    phases.push({ atMs: first.endMs!, what: `the first write is acknowledged, by ${by}` });
  }
  phases.sort((a, b) => a.atMs - b.atMs);
  const span = { fromMs: faultMs - aroundMs, toMs: Math.min(log.untilMs, gap.toMs + aroundMs) };
  const picture = outagePicture(log.attempts, span, { title: 'Writes around the failure', gap, phases });
  const paint = paintFor(process.stdout);
  if (report) {
    printLine('\nWhat the run found:');
    const { seen: _, ...told } = report; // the picture below is of the clients
    for (const line of failoverLines(told, process.stdout.columns ?? 80)) printLine(line);
  }
  printLine('\nWrites in each tenth of a second:');
  for (const line of outageLetters(picture, process.stdout.columns ?? 80)) printLine(line);
  printLine('');
  const [head = '', ...rest] = sentences;
  printLine(`${sound ? paint.green('✔') : paint.red('✘')} ${head}`);
  for (const sentence of rest) printLine(`  ${sentence}`);
}

/** What the run did, and when. */
const phasesOf = (report: FailoverReport | undefined): Phase[] =>
  report?.sinceMs === undefined
    ? []
    : report.phases.map(({ what, afterMs }) => ({ atMs: report.sinceMs! + afterMs, what: phaseWords[what] ?? what }));

/** The first success from a moment on. */
function firstFrom({ attempts }: ClientLog, fromMs: number): Attempt | undefined {
  const later = attempts.filter(({ outcome, endMs = -Infinity }) => outcome === 'acknowledged' && endMs >= fromMs);
  return later.toSorted((a, b) => a.endMs! - b.endMs!)[0];
}
