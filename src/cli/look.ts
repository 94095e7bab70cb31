import type { Command } from 'commander';
import { formatDuration } from '../contract/amounts';
import type { RunFilter } from '../api/findRun';
import type { AuditEntry, RunSummary, RunView } from '../api/views';
import { exitCodeTable } from './exitCodes';
import { follow, type Following } from './follow';
import { paintFor, phaseIn, printJson, printLine, table, type Paint } from './print';
import { endLines, planLines } from './report';
import { withOperator } from './session';
import { markIn, progressSentence, tookOf } from './steps';

export function addList(program: Command): void {
  program
    .command('list')
    .description('The runs that go on; with --all those that ended too. Newest first.')
    .option('-a, --all', 'ended ones as well')
    .option('--runbook <name>', 'only runs of this runbook')
    .option('--target <name>', 'only runs on this target')
    .option('--phase <phase>', 'only runs in this phase: running, held, "waiting for approval", paused, …')
    .option('--ticket <number>', 'only runs with this ticket')
    .option('--limit <number>', 'at most so many', Number, 50)
    .option('--json', 'as one JSON document')
    .action(async ({ json, ...filter }: RunFilter & { json?: boolean }) => {
      const runs = await withOperator((operator) => operator.list(filter));
      if (json) printJson(runs);
      else printLine(listed(runs, paintFor(process.stdout), filter.all === true));
    });
}

export function addShow(program: Command): void {
  program
    .command('show')
    .description('All that is known of one run: steps, plan, progress, what it waits for, how it ended.')
    .argument('<id>', 'its id, or a part of it that means one run only')
    .option('--json', 'as one JSON document')
    .action(async (id: string, { json }: { json?: boolean }) => {
      const run = await withOperator((operator) => operator.show(id));
      if (json) printJson(run);
      else for (const line of shown(run, paintFor(process.stdout))) printLine(line);
    });
}

export function addWatch(program: Command): void {
  program
    .command('watch')
    .description('Watch a run until it ends. Ctrl-C leaves it running.')
    .argument('<id>', 'its id, or a part of it that means one run only')
    .option('--wait', 'without a terminal: keep waiting while the run waits for a person')
    .option('--json', 'one JSON line an event, the report as the last line')
    .addHelpText('after', `\n${exitCodeTable()}`)
    .action(async (id: string, flags: Following) => {
      process.exitCode = await withOperator((operator) => follow(operator, id, flags));
    });
}

export function addHistory(program: Command): void {
  program
    .command('history')
    .description('Who did what when in a run, for an auditor, from the history that nobody can rewrite.')
    .argument('<id>', 'its id, or a part of it that means one run only')
    .option('--json', 'as one JSON document')
    .action(async (id: string, { json }: { json?: boolean }) => {
      const audit = await withOperator((operator) => operator.audit(id));
      if (json) printJson(audit);
      else for (const line of entryLines(audit.entries, paintFor(process.stdout))) printLine(line);
    });
}

function listed(runs: readonly RunSummary[], paint: Paint, all: boolean): string {
  if (runs.length === 0) return all ? 'No run so far.' : 'Nothing runs. `evenkeel list --all` shows what ended.';
  const rows = runs.map((run) => [
    run.id,
    phaseIn(run.phase, paint),
    run.startedAt.slice(0, 16).replace('T', ' '),
    formatDuration(run.tookMs),
    run.by,
    run.ticket ?? '',
  ]);
  return table(['RUN', 'PHASE', 'STARTED (UTC)', 'TOOK', 'BY', 'TICKET'], rows, paint);
}

function shown(run: RunView, paint: Paint): string[] {
  const live = run.endedAt === undefined;
  const about = [`started by ${run.by}`, run.startedAt, run.ticket && `ticket ${run.ticket}`]
    .filter(Boolean)
    .join(', ');
  const steps = run.steps.map((step) => {
    const why = step.why && step.state !== 'done' ? `: ${step.why}` : '';
    return `  ${markIn(step.state, paint)} ${step.what}${why}  ${paint.dim(tookOf(step))}`;
  });
  const { waiting } = run;
  return [
    `${paint.bold(run.title)}${run.dryRun ? ' (dry run)' : ''}  ${phaseIn(run.phase, paint)}`,
    paint.dim(`${run.id}, ${about}`),
    ...planLines(run, paint),
    ...steps,
    ...(run.progress && live ? [`  ${progressSentence(run.progress)}`] : []),
    ...(run.unanswered ? [paint.yellow(run.unanswered)] : []),
    ...(waiting
      ? [paint.yellow(`It waits for ${waiting.what}:`), ...waiting.commands.map((command) => `  ${command}`)]
      : []),
    ...(live ? (run.webUi ? [paint.dim(run.webUi)] : []) : endLines(run, paint)),
  ];
}

/** One line a step, and every word, failure and end; --json has each act as well. */
function entryLines(entries: readonly AuditEntry[], paint: Paint): string[] {
  const begun = new Set<string>();
  const told = entries.filter(({ how, step, what }) => {
    if (how === 'done' || (how === 'began' && begun.has(step ?? what))) return false;
    begun.add(step ?? what);
    return true;
  });
  const rows = told.map(({ at, who, how, what, step, facts }) => {
    const why = (facts as { why?: string } | undefined)?.why;
    return [at, who, how, `${step ?? what}${why ? `: ${why}` : ''}`];
  });
  return [table(['WHEN (UTC)', 'WHO', 'HOW', 'WHAT'], rows, paint)];
}
