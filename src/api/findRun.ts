import type { Client, WorkflowExecutionDescription, WorkflowExecutionInfo } from '@temporalio/client';
import { Refusal } from '../contract/errors';
import { kebab, runbooks, type RunbookName } from '../contract/runbooks';
import { meantBy, nearId } from './partOfId';
import { askTemporal } from './said';
import type { RunSummary } from './views';

export interface RunFilter {
  runbook?: string;
  target?: string;
  phase?: string;
  ticket?: string;
  /** Ended ones as well as running ones. */
  all?: boolean;
  limit?: number;
}

/** Which run is meant: `runId` only when an older run of the same id was named. */
export interface RunRef {
  id: string;
  runId?: string;
}

type RunInfo = WorkflowExecutionInfo | WorkflowExecutionDescription;

export type WebUi = (ref: RunRef) => string | undefined;

const names = Object.keys(runbooks) as RunbookName[];
/** How many runs a short id is looked up among. */
const lookedAt = 500;

/** Runs, newest first. */
export async function listRuns(client: Client, filter: RunFilter, webUi: WebUi): Promise<RunSummary[]> {
  const runs: RunSummary[] = [];
  await askTemporal({ client, id: '', what: 'list the runs' }, async () => {
    for await (const info of client.workflow.list({ query: queryOf(filter), pageSize: 100 })) {
      runs.push(summaryOf(info, webUi));
      if (runs.length >= (filter.limit ?? 50)) break;
    }
  });
  return runs;
}

/** The run that an id, a part of one, or a run id means. Parts count from the start, the end, or after a slash. */
export async function findRun(client: Client, given: string): Promise<RunRef> {
  if (given.includes('/') && (await exists(client, given))) return { id: given };
  const runs = await listRuns(client, { all: true, limit: lookedAt }, () => undefined);
  const byRunId = runs.filter((run) => given.length >= 6 && run.runId.startsWith(given));
  if (byRunId.length === 1) return { id: byRunId[0]!.id, runId: byRunId[0]!.runId };
  const ids = (dry: boolean) => [...new Set(runs.filter((run) => (run.dryRun ?? false) === dry).map((run) => run.id))];
  // A dry run is named by its own end, or by what means no real run.
  const real = meantBy(given, ids(false));
  const [only, ...others] = real.length > 0 ? real : meantBy(given, ids(true));
  if (only === undefined) throw new Refusal('NoSuchRun', { id: given, near: nearId(given, ids(false)) });
  if (others.length > 0)
    throw new Refusal('ManyRuns', { id: given, which: [only, ...others].slice(0, 5).join(' or ') });
  return { id: only };
}

export function summaryOf(info: RunInfo, webUi: WebUi): RunSummary {
  const { workflowId: id, runId, closeTime, startTime } = info;
  const attribute = (name: string) => info.searchAttributes[name]?.[0];
  const memo = (info.memo ?? {}) as { by?: string; dryRun?: boolean };
  const name = names.find((each) => each === info.type);
  const ticket = attribute('EvenkeelTicket');
  const link = webUi({ id, runId });
  return {
    id,
    runId,
    runbook: kebab(info.type),
    title: name ? runbooks[name].title : info.type,
    target: String(attribute('EvenkeelTarget') ?? id.slice(id.indexOf('/') + 1)),
    phase: phaseOf(info, attribute('EvenkeelPhase'), memo.dryRun === true),
    by: memo.by ?? 'unknown',
    ...(memo.dryRun === true && { dryRun: true }),
    ...(typeof ticket === 'string' && ticket !== '' && { ticket }),
    startedAt: startTime.toISOString(),
    ...(closeTime && { endedAt: closeTime.toISOString() }),
    tookMs: (closeTime ?? new Date()).getTime() - startTime.getTime(),
    ...(link !== undefined && { webUi: link }),
  };
}

/** Temporal knows for certain how a run ended; while it runs, the run itself says where it is. */
function phaseOf(info: RunInfo, told: unknown, dryRun: boolean): RunSummary['phase'] {
  const phase = typeof told === 'string' ? (told as RunSummary['phase']) : 'running';
  const undone = phase === 'undone' || phase === 'cancelled';
  const outcomes: Partial<Record<RunInfo['status']['name'], RunSummary['phase']>> = {
    COMPLETED: dryRun ? 'planned' : 'done',
    FAILED: undone ? phase : 'failed',
    TIMED_OUT: 'failed',
    CANCELLED: 'cancelled',
    TERMINATED: 'terminated',
  };
  return outcomes[info.status.name] ?? phase;
}

function queryOf({ runbook, target, phase, ticket, all }: RunFilter): string {
  const wanted = names.filter((name) => runbook === undefined || name === runbook || kebab(name) === runbook);
  const types = wanted.length > 0 ? wanted : [runbook ?? ''];
  return [
    `WorkflowType IN (${types.map(quoted).join(', ')})`,
    all ? `ExecutionStatus != 'ContinuedAsNew'` : `ExecutionStatus = 'Running'`,
    target !== undefined && `EvenkeelTarget = ${quoted(target)}`,
    phase !== undefined && `EvenkeelPhase = ${quoted(phase)}`,
    ticket !== undefined && `EvenkeelTicket = ${quoted(ticket)}`,
  ]
    .filter((part) => part !== false)
    .join(' AND ');
}

/** A literal of Temporal's query language. */
const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

async function exists(client: Client, id: string): Promise<boolean> {
  try {
    await askTemporal({ client, id, what: 'look for it' }, () => client.workflow.getHandle(id).describe());
    return true;
  } catch (error) {
    if (error instanceof Refusal && error.code === 'NoSuchRun') return false;
    throw error;
  }
}
