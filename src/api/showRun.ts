import type { Client, WorkflowExecutionDescription } from '@temporalio/client';
import { Refusal } from '../contract/errors';
import type { Report } from '../contract/runbooks';
import type { RunState, StepView } from '../workflows/kit/messages';
import { summaryOf, type RunRef, type WebUi } from './findRun';
import { mergeProgress, piecesOf } from './liveProgress';
import { askTemporal, askWorker, failureOf } from './said';
import type { RunSummary, RunView, Waiting } from './views';

/** What only a worker can tell, since it replays the run. */
export type Told = RunState;

const answerWithinS = 5;

/** All that is known of a run. Without a worker the facts that Temporal itself keeps are still shown. */
export async function showRun(client: Client, ref: RunRef, webUi: WebUi): Promise<RunView> {
  const described = await describeRun(client, ref);
  const told = await askRun(client, ref).catch((error: unknown) => {
    if (error instanceof Refusal && error.code === 'NoWorker') return error;
    throw error;
  });
  return viewOf(client, described, told, webUi);
}

export async function describeRun(client: Client, ref: RunRef): Promise<WorkflowExecutionDescription> {
  return askTemporal({ client, id: ref.id, what: 'look at it' }, () => handleOf(client, ref).describe());
}

/** Asks the run itself, through a worker. */
export async function askRun(client: Client, ref: RunRef): Promise<Told> {
  return askWorker({ client, id: ref.id, what: 'ask it' }, answerWithinS, () =>
    handleOf(client, ref).query<RunState>('run'),
  );
}

export async function viewOf(
  client: Client,
  described: WorkflowExecutionDescription,
  told: Told | Refusal,
  webUi: WebUi,
): Promise<RunView> {
  const run = summaryOf(described, webUi);
  const running = described.status.name === 'RUNNING';
  const ended = running ? {} : await outcomeOf(client, described);
  if (told instanceof Refusal)
    return { ...run, steps: ended.report?.steps.map(stepOf) ?? [], ...ended, unanswered: told.message };
  const phase = running ? told.status.phase : ended.report?.outcome === 'planned' ? 'planned' : run.phase;
  const progress = mergeProgress(told.progress, running ? await piecesOf(client, described.raw) : []);
  const waiting = running ? waitingOf(run, told) : undefined;
  return {
    ...run,
    ...told,
    title: told.status.title,
    phase,
    ...(progress && { progress }),
    ...(waiting && { waiting }),
    ...ended,
  } as RunView;
}

/** What a person has to do before the run goes on, as commands to type. */
export function waitingOf({ id }: Pick<RunSummary, 'id'>, { status, plan }: Told): Waiting | undefined {
  const why = '--why "…"';
  if (status.phase === 'waiting for approval' && plan) {
    const approve = `evenkeel approve ${id} --plan ${plan.digest}`;
    const reject = `evenkeel reject ${id} --plan ${plan.digest} ${why}`;
    return { what: `somebody to approve ${status.why ?? `plan ${plan.digest}`}`, commands: [approve, reject] };
  }
  if (status.phase === 'held') {
    const undo = status.committedBy === undefined ? [`evenkeel undo ${id} ${why}`] : [];
    const what = `an answer to the failed step "${status.heldStep ?? ''}"`;
    return { what, commands: [`evenkeel retry ${id}`, `evenkeel skip ${id} ${why}`, ...undo] };
  }
  if (status.phase !== 'paused') return undefined;
  const what = `somebody to resume it: ${status.pausedBy ?? 'somebody'} paused it`;
  return { what, commands: [`evenkeel resume ${id}`] };
}

export const handleOf = (client: Client, { id, runId }: RunRef) => client.workflow.getHandle(id, runId);

async function outcomeOf(
  client: Client,
  { workflowId, runId }: WorkflowExecutionDescription,
): Promise<Pick<RunView, 'report' | 'failure'>> {
  try {
    return { report: (await client.workflow.getHandle(workflowId, runId).result()) as Report };
  } catch (error) {
    return { failure: failureOf(error) };
  }
}

const stepOf = ({ what, state, why }: Report['steps'][number]): StepView => ({
  what,
  state: state as StepView['state'],
  ...(why !== undefined && { why }),
});
