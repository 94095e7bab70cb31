import { randomUUID } from 'node:crypto';
import type { Client } from '@temporalio/client';
import { Refusal } from '../contract/errors';
import type { RunRef } from './findRun';
import { tellRun } from './answerRun';
import { describeRun, handleOf, showRun } from './showRun';

type Reset = Parameters<Client['workflowService']['resetWorkflowExecution']>[0];

/** RESET_REAPPLY_EXCLUDE_TYPE_UPDATE: what was said after the failed step must not be said again by itself. */
const withoutUpdates = [2] as unknown as NonNullable<Reset['resetReapplyExcludeTypes']>;

type HistoryEvent = NonNullable<Awaited<ReturnType<ReturnType<typeof handleOf>['fetchHistory']>>['events']>[number];

/**
 * Goes on from the failed step: a held run is told to retry; a run that ended is reset to just before its failed step,
 * so that what was done stays done. What was undone cannot be gone on from.
 */
export async function retryRun(client: Client, ref: RunRef, said: { by: string; why: string }): Promise<RunRef> {
  const info = await describeRun(client, ref);
  if (info.status.name === 'RUNNING') {
    await tellRun(client, ref, 'answer', { do: 'retry', ...said });
    return ref;
  }
  const ended = { id: ref.id, runId: info.runId };
  const { phase, steps, failure } = await showRun(client, ended, () => undefined);
  if (phase === 'undone' || steps.some((step) => step.state === 'undone'))
    throw new Refusal('WasUndone', { id: ref.id });
  if (phase === 'done' || phase === 'planned') throw new Refusal('NothingFailed', { id: ref.id, why: 'it is done' });
  const { events } = await handleOf(client, ended).fetchHistory();
  const task = taskBeforeFailure(events ?? []);
  if (task === undefined)
    throw new Refusal('NothingFailed', { id: ref.id, why: failure?.message ?? `it was ${phase}` });
  const { runId } = await client.workflowService.resetWorkflowExecution({
    namespace: client.options.namespace,
    workflowExecution: { workflowId: ended.id, runId: ended.runId },
    reason: `retry by ${said.by}${said.why ? `: ${said.why}` : ''}`,
    requestId: randomUUID(),
    workflowTaskFinishEventId: task,
    resetReapplyExcludeTypes: withoutUpdates,
  });
  return { id: ref.id, runId };
}

/** The workflow task that ordered the last activity or child that failed: after it nothing but the failure is lost. */
export function taskBeforeFailure(events: readonly HistoryEvent[]): Long | undefined {
  const byId = new Map(events.map((event) => [String(event.eventId), event]));
  const failed = events.findLast((event) => orderOf(event) !== undefined);
  const ordered = failed && byId.get(String(orderOf(failed)));
  return (
    ordered?.activityTaskScheduledEventAttributes?.workflowTaskCompletedEventId ??
    ordered?.startChildWorkflowExecutionInitiatedEventAttributes?.workflowTaskCompletedEventId ??
    undefined
  );
}

type Long = NonNullable<HistoryEvent['eventId']>;

/** The id of the event that ordered what failed here. */
const orderOf = (event: HistoryEvent): Long | undefined =>
  event.activityTaskFailedEventAttributes?.scheduledEventId ??
  event.activityTaskTimedOutEventAttributes?.scheduledEventId ??
  event.childWorkflowExecutionFailedEventAttributes?.initiatedEventId ??
  undefined;
