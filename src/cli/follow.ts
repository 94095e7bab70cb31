import type { Operator } from '../api/operator';
import type { RunEvent, RunView } from '../api/views';
import { asTyped } from './asTyped';
import { exitCodeOfRun, exitCodes } from './exitCodes';
import { LiveRun } from './live';
import { paintFor, printLine } from './print';
import { endLines, reportLines, reportOf } from './report';
import { marks } from '../workflows/kit/marks';
import { progressSentence } from './steps';

export interface Following {
  json?: boolean;
  /** Keep waiting while the run waits for a person, though nobody sits at a terminal. */
  wait?: boolean;
  /** What to say when Ctrl-C ends it, if the run does not go on then. */
  leaveWord?: string;
  /** Looks at each event, and may tell a line of its own beside the run. */
  aside?: (event: RunEvent, tell: (line: string) => void) => void;
}

/** Without a terminal a progress is told no more often than this, ms. */
const tellEvery = 10_000;
const repaintEvery = 250;

/** Shows a run until it ends, Ctrl-C, or (without a terminal) until it waits for a person. Answers with the exit status. */
export async function follow(
  operator: Operator,
  id: string,
  { json, wait, aside, leaveWord: lastWord }: Following,
): Promise<number> {
  const stop = new AbortController();
  const leave = () => stop.abort();
  process.once('SIGINT', leave);
  const live = process.stdout.isTTY && !json;
  try {
    const events = operator.watch(id, stop.signal);
    const ended = live
      ? await paintRun(events, aside)
      : await tellRun(events, { ...(json && { json }), patient: wait === true, ...(aside && { aside }) });
    if (ended === 'left') return leaveWord(id, lastWord);
    if (ended === 'waiting') return exitCodes.waiting.code;
    printEnd(ended, json === true, live);
    return exitCodeOfRun(ended);
  } finally {
    process.off('SIGINT', leave);
  }
}

async function paintRun(events: AsyncIterable<RunEvent>, aside: Following['aside']): Promise<RunView | 'left'> {
  const live = new LiveRun(process.stdout);
  const repaint = setInterval(() => live.draw(), repaintEvery);
  try {
    for await (const event of events) {
      live.take(event);
      aside?.(event, (line) => live.above(line));
      if (event.type === 'ended') return event.run;
    }
    return 'left';
  } finally {
    clearInterval(repaint);
    live.draw();
    live.end();
  }
}

/** One line an event. A script that nobody can answer for is told that the run waits, and let go. */
async function tellRun(
  events: AsyncIterable<RunEvent>,
  { json, patient, aside }: Pick<Following, 'json' | 'aside'> & { patient: boolean },
): Promise<RunView | 'left' | 'waiting'> {
  let toldAt = 0;
  const tell = (line: string) => (json ? process.stderr.write(`${line}\n`) : printLine(line));
  for await (const event of events) {
    aside?.(event, tell);
    if (json && event.type !== 'ended') printLine(JSON.stringify(event));
    const due = event.type !== 'progress' || Date.now() - toldAt >= tellEvery;
    if (!json && due) for (const line of linesOf(event)) printLine(asTyped(line));
    if (event.type === 'progress' && due) toldAt = Date.now();
    if (event.type === 'ended') return event.run;
    if (event.type === 'phase' && event.waiting && event.phase !== 'paused' && !patient) return 'waiting';
  }
  return 'left';
}

export function linesOf(event: RunEvent): string[] {
  const at = timeOf(event).toTimeString().slice(0, 8);
  const below = (lines: readonly string[]) => lines.map((line) => `           ${line}`);
  if (event.type === 'run') return [`${at} ${event.run.title} (${event.run.id}), started by ${event.run.by}`];
  if (event.type === 'plan') return [`${at} Plan ${event.plan.digest}:`, ...below(event.plan.sentences)];
  if (event.type === 'progress' && event.progress.done === 0) return []; // nothing to tell yet
  if (event.type === 'progress') return [`${at}   ${progressSentence(event.progress)}`];
  if (event.type === 'unanswered') return [`${at} ${event.why}`];
  if (event.type === 'step') {
    const { state, what, why } = event.step;
    return [`${at} ${marks[state]} ${what}${why ? `: ${why}` : ''}`];
  }
  if (event.type === 'phase' && event.phase === 'running' && event.why) return [`${at}   waiting: ${event.why}`];
  if (event.type === 'phase' && event.waiting)
    return [`${at} It waits for ${event.waiting.what}:`, ...below(event.waiting.commands)];
  return [];
}

/** Of a step, when that happened: whoever attaches late is told what was long ago. */
function timeOf(event: RunEvent): Date {
  const { startedAt, endedAt } = event.type === 'step' ? event.step : {};
  const at = endedAt ?? startedAt;
  return at === undefined ? new Date() : new Date(at);
}

/** Where events were told a line each, the plan was told already. */
function printEnd(run: RunView, json: boolean, live: boolean): void {
  const lines = live ? reportLines : endLines;
  if (json) printLine(JSON.stringify(reportOf(run)));
  else for (const line of lines(run, paintFor(process.stdout))) printLine(asTyped(line));
}

function leaveWord(id: string, lastWord?: string): number {
  const usual = `Left it running. \`evenkeel watch ${id}\` shows it again; \`evenkeel cancel ${id}\` stops and undoes it.`;
  process.stderr.write(`${asTyped(lastWord ?? usual)}\n`);
  return exitCodes.left.code;
}
