import type { Client } from '@temporalio/client';
import { decodeArrayFromPayloads, decodeOptionalSinglePayload } from '@temporalio/common/lib/internal-non-workflow';
import type { RefusedWord } from '../workflows/kit/messages';
import type { RunRef, WebUi } from './findRun';
import { handleOf, showRun } from './showRun';
import type { Audit, AuditEntry, RunView } from './views';
import { wordOf } from './wordOf';

type Events = NonNullable<Awaited<ReturnType<ReturnType<typeof handleOf>['fetchHistory']>>['events']>;
type HistoryEvent = Events[number];
type Entry = Omit<AuditEntry, 'at'>;

/** Everything that happened in a run, in order, for an auditor. */
export async function auditRun(client: Client, ref: RunRef, webUi: WebUi): Promise<Audit> {
  const run = await showRun(client, ref, webUi);
  const { events } = await handleOf(client, { id: run.id, runId: run.runId }).fetchHistory();
  const ordered = new Map<string, { what: string; step?: string }>();
  const entries: AuditEntry[] = [];
  for (const event of events ?? []) {
    const entry = await entryOf(client, event, ordered, run);
    if (entry) entries.push({ at: timeOf(event), ...entry });
  }
  return { run, entries };
}

/** A table of the history events that an auditor cares for; workflow tasks, timers and markers are left out. */
async function entryOf(
  client: Client,
  event: HistoryEvent,
  ordered: Map<string, { what: string; step?: string }>,
  run: RunView,
): Promise<Entry | undefined> {
  const converter = client.options.loadedDataConverter;
  const began = (what: string, step: string | null | undefined): Entry => {
    ordered.set(String(event.eventId), { what, ...(step && { step }) });
    return { who: 'evenkeel', what, how: 'began', ...(step && { step }) };
  };
  const ended = (by: unknown, how: 'done' | 'failed', why?: string | null): Entry => ({
    who: 'evenkeel',
    what: 'something',
    ...ordered.get(String(by)),
    how,
    ...(why && { facts: { why } }),
  });
  const start = event.workflowExecutionStartedEventAttributes;
  if (start) {
    const [input] = await decodeArrayFromPayloads(converter, start.input?.payloads);
    return { who: run.by, what: `start ${run.runbook}`, how: 'started', facts: input };
  }
  const update = event.workflowExecutionUpdateAcceptedEventAttributes?.acceptedRequest?.input;
  if (update) {
    const [said] = (await decodeArrayFromPayloads(converter, update.args?.payloads)) as [{ by?: string }?];
    if (update.name === 'refused') return refusedEntry(said as RefusedWord);
    return { who: said?.by ?? 'unknown', what: wordOf(update.name ?? '', said ?? {}), how: 'said', facts: said };
  }
  const act = event.activityTaskScheduledEventAttributes;
  const child = event.startChildWorkflowExecutionInitiatedEventAttributes;
  if (act || child) {
    const summary = await decodeOptionalSinglePayload<string>(converter, event.userMetadata?.summary);
    return began(act ? (act.activityType?.name ?? '') : (child!.workflowId ?? ''), summary);
  }
  return endOf(event, ended);
}

const refusedEntry = ({ by, what, why }: RefusedWord): Entry => ({ who: by, what, how: 'refused', facts: { why } });

function endOf(
  event: HistoryEvent,
  ended: (by: unknown, how: 'done' | 'failed', why?: string | null) => Entry,
): Entry | undefined {
  const done = event.activityTaskCompletedEventAttributes;
  if (done) return ended(done.scheduledEventId, 'done');
  const failed = event.activityTaskFailedEventAttributes ?? event.activityTaskTimedOutEventAttributes;
  if (failed)
    return ended(failed.scheduledEventId, 'failed', failed.failure?.cause?.message ?? failed.failure?.message);
  const stopped = event.activityTaskCanceledEventAttributes;
  if (stopped) return ended(stopped.scheduledEventId, 'failed', 'it was stopped');
  const child = event.childWorkflowExecutionCompletedEventAttributes;
  if (child) return ended(child.initiatedEventId, 'done');
  const lost = event.childWorkflowExecutionFailedEventAttributes;
  if (lost) return ended(lost.initiatedEventId, 'failed', lost.failure?.cause?.message ?? lost.failure?.message);
  const over = {
    done: event.workflowExecutionCompletedEventAttributes,
    failed: event.workflowExecutionFailedEventAttributes,
    cancelled: event.workflowExecutionCanceledEventAttributes,
    terminated: event.workflowExecutionTerminatedEventAttributes,
  };
  const outcome = Object.entries(over).find(([, attributes]) => attributes)?.[0];
  if (!outcome) return undefined;
  const why = over.failed?.failure?.message ?? over.terminated?.reason;
  return { who: over.terminated?.identity ?? 'evenkeel', what: outcome, how: 'ended', ...(why && { facts: { why } }) };
}

const timeOf = ({ eventTime }: HistoryEvent): string =>
  new Date(Number(eventTime?.seconds ?? 0) * 1000 + Math.floor((eventTime?.nanos ?? 0) / 1e6)).toISOString();
