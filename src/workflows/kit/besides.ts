import { defineSearchAttributeKey, TypedSearchAttributes } from '@temporalio/common';
import {
  CancellationScope,
  ChildWorkflowCancellationType,
  ParentClosePolicy,
  sleep,
  startChild,
  workflowInfo,
} from '@temporalio/workflow';
import type { Attended, Report } from '../../contract/runbooks';
import { refuse } from './render';

interface Beside {
  /** As its id begins: `fail-over-endpoint`. */
  runbook: string;
  target: string;
  /** Its sentence in lists of runs. */
  title: string;
  /** Longer than this it is not waited for, ms: it goes on by itself, and StillGoesOn is thrown. */
  withinMs?: number;
}

/** What every run is told, unless somebody says otherwise. */
export const attendance = {
  dryRun: false,
  approval: 'none',
  onFailure: 'hold',
  ticket: '',
} as const satisfies Attended;

/** Somebody begins this run: one that another run starts, or that continues as new, goes on with what is under way. */
export function begins(): boolean {
  const { parent, continuedFromExecutionRunId } = workflowInfo();
  return parent === undefined && continuedFromExecutionRunId === undefined;
}

/**
 * Starts another runbook as a run of its own, as a person would, and waits for its report. It goes on when this run ends; one
 * that runs already is a failure.
 */
export async function runBeside<I extends Attended, T>(
  { runbook, target, title, withinMs }: Beside,
  workflow: (input: I) => Promise<Report<T>>,
  input: I,
): Promise<Report<T>> {
  const attribute = (key: string, value: string) => ({ key: defineSearchAttributeKey(key, 'KEYWORD'), value });
  const by = workflowInfo().workflowId;
  const run = `${runbook}/${target}${input.dryRun ? '/dry-run' : ''}`;
  const child = await startChild(workflow, {
    workflowId: run,
    args: [input],
    parentClosePolicy: ParentClosePolicy.ABANDON,
    cancellationType: ChildWorkflowCancellationType.ABANDON,
    memo: { by, ...(input.dryRun && { dryRun: true }) },
    staticSummary: `${input.dryRun ? 'Dry run: ' : ''}${title}`.slice(0, 190),
    priority: { priorityKey: 1 },
    typedSearchAttributes: new TypedSearchAttributes([
      attribute('EvenkeelRunbook', runbook),
      attribute('EvenkeelTarget', target),
      attribute('EvenkeelPhase', 'running'),
    ]),
  });
  const report = child.result();
  if (withinMs === undefined) return report;
  const waiting = new CancellationScope();
  const late = waiting.run(() => sleep(withinMs));
  try {
    return await Promise.race([
      report,
      late.then(() => {
        throw refuse('StillGoesOn', { run, seconds: withinMs / 1_000 });
      }),
    ]);
  } finally {
    waiting.cancel();
  }
}
