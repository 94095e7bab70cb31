import { ActivityFailure, ApplicationFailure, ChildWorkflowFailure } from '@temporalio/workflow';
import { isErrorCode, Refusal, type ErrorCode } from '../../contract/errors';
import type { Report } from '../../contract/runbooks';
import { marks } from './marks';
import type { PlanView, StatusView, StepView } from './messages';

/** Current details of the run for the Web UI: Markdown in which the steps stand in a fenced block, since older UIs render no tables. */
export function render(status: StatusView, steps: readonly StepView[], plan?: PlanView): string {
  const head = [`### ${status.title}`, `**${status.phase}**${status.why ? `: ${status.why}` : ''}`];
  const body = ['```', ...steps.map((s) => `${marks[s.state]} ${s.what}${s.why ? ` (${s.why})` : ''}`), '```'];
  const planned = plan ? ['', `Plan ${plan.digest}:`, '```', ...plan.sentences.slice(0, 40), '```'] : [];
  return [...head, ...body, ...planned].join('\n').slice(0, 18_000);
}

/** The innermost sentence of a failure: what an operator should read first. */
export function reasonOf(error: unknown): string {
  if ((error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) && error.cause)
    return reasonOf(error.cause);
  return error instanceof Error ? error.message : String(error);
}

/** The code of our error table that a failure carries, through activities and child workflows. */
export function codeOf(error: unknown): ErrorCode | undefined {
  if (error instanceof Refusal) return error.code;
  if (error instanceof ActivityFailure || error instanceof ChildWorkflowFailure) return codeOf(error.cause);
  return error instanceof ApplicationFailure && isErrorCode(error.type) ? error.type : undefined;
}

/** A no of ours as a failure that no retry changes and whose type is its code. */
export function failureOf(refusal: Refusal): ApplicationFailure {
  // A no is no crash: whoever reads it in the Web UI wants the sentence, not the place in our code.
  refusal.stack = '';
  const failure = ApplicationFailure.create({
    message: refusal.message,
    type: refusal.code,
    nonRetryable: true,
    details: [refusal.facts],
    cause: refusal,
  });
  failure.stack = '';
  return failure;
}

/** The end of a failed run: the innermost sentence and its code, so that no list shows `Activity task failed`. */
export const failure = (error: unknown): unknown => {
  if (!(error instanceof ActivityFailure || error instanceof ChildWorkflowFailure)) return error;
  const code = codeOf(error);
  return ApplicationFailure.create({
    message: reasonOf(error),
    nonRetryable: true,
    cause: error,
    ...(code && { type: code }),
  });
};

/** A step as the report keeps it. */
const stepReport = ({ what, state, startedAt, endedAt, why }: StepView): Report['steps'][number] => ({
  what,
  state,
  tookMs: startedAt && endedAt ? Date.parse(endedAt) - Date.parse(startedAt) : 0,
  ...(why !== undefined && { why }),
});

/** How a plan is shown, and what of it an approval is bound to (sizes of a living source drift; who goes where must not). */
export interface PlanSpeech<P> {
  sentences(plan: P): string[];
  essence?(plan: P): unknown;
}

/** What is thrown for facts that no retry changes, from inside a step. */
export const refuse = (...of: ConstructorParameters<typeof Refusal>): ApplicationFailure =>
  failureOf(new Refusal(...of));

/** What a pure function says no to becomes a failure of the run, with its code. */
export function refusing<T>(decide: () => T): T {
  try {
    return decide();
  } catch (error) {
    throw error instanceof Refusal ? failureOf(error) : error;
  }
}

/** What a run leaves behind, but for its result. */
export function reportOf(run: {
  runbook: string;
  target: string;
  outcome: 'done' | 'planned';
  plan: PlanView | undefined;
  steps: readonly StepView[];
  decisions: Report['decisions'];
  startedAt: Date;
}): Report<never> {
  const { runbook, target, outcome, plan, steps, decisions, startedAt } = run;
  return {
    runbook,
    target,
    outcome,
    ...(plan && { plan: { digest: plan.digest, sentences: plan.sentences } }),
    steps: steps.map(stepReport),
    decisions,
    tookMs: Date.now() - startedAt.getTime(),
  };
}
