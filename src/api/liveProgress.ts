import type { Client, DescribeWorkflowExecutionResponse } from '@temporalio/client';
import { decodeArrayFromPayloads } from '@temporalio/common/lib/internal-non-workflow';
import { formatDuration, remainingMs } from '../contract/amounts';
import type { ProgressView } from '../workflows/kit/messages';
import type { LiveProgress, Piece } from './views';

/** Children whose heartbeats are read at each look: a run with more shows the pieces of these. */
const mostChildren = 32;

/** A heartbeat older than this says nothing of the rate any more; clocks may differ by seconds. */
const quietAfterMs = 10_000;

type Pending = NonNullable<DescribeWorkflowExecutionResponse['pendingActivities']>[number];

/** The pieces of work in flight, of the run and of its children, read off their heartbeats: no worker is asked. */
export async function piecesOf(client: Client, described: DescribeWorkflowExecutionResponse): Promise<Piece[]> {
  const children = (described.pendingChildren ?? []).slice(0, mostChildren);
  const below = await Promise.all(children.map((child) => describeChild(client, child.workflowId ?? '')));
  const pending = [described, ...below].flatMap((each) => each?.pendingActivities ?? []);
  const pieces = (await Promise.all(pending.map((each) => pieceOf(client, each)))).filter(
    (piece) => piece !== undefined,
  );
  // Temporal tells them in any order: what is shown must not jump about.
  return pieces.toSorted((a, b) => orderOf(a).localeCompare(orderOf(b)));
}

/** What the run has finished and what is in flight, as one figure. */
export function mergeProgress(finished: ProgressView | undefined, pieces: readonly Piece[]): LiveProgress | undefined {
  const unit = finished?.unit ?? pieces.find((piece) => piece.unit === 'bytes')?.unit ?? pieces[0]?.unit;
  if (unit === undefined) return undefined;
  const counted = pieces.filter((piece) => piece.unit === unit);
  const inFlight = sum(counted.map((piece) => piece.done));
  const known = counted.every((piece) => piece.total > 0) ? sum(counted.map((piece) => piece.total)) : 0;
  const done = (finished?.done ?? 0) + inFlight;
  const total = finished && finished.total > 0 ? Math.max(finished.total, done) : finished ? 0 : Math.max(known, 0);
  const rate = counted.length > 0 ? sum(counted.map((piece) => piece.rate)) : (finished?.rate ?? 0);
  const etaMs = remainingMs(done, total, rate);
  const note = finished?.note ?? counted.find((piece) => piece.note)?.note;
  return { done, total, unit, rate, ...(etaMs !== undefined && { etaMs }), ...(note && { note }), pieces: [...pieces] };
}

const orderOf = ({ host, what }: Piece): string => `${host ?? ''} ${what}`;

async function describeChild(client: Client, id: string): Promise<DescribeWorkflowExecutionResponse | undefined> {
  try {
    return (await client.workflow.getHandle(id).describe()).raw;
  } catch {
    // It ended between the two looks: its work is in the run's own figures then.
    return undefined;
  }
}

async function pieceOf(client: Client, pending: Pending): Promise<Piece | undefined> {
  const converter = client.options.loadedDataConverter;
  const [beat] = await decodeArrayFromPayloads(converter, pending.heartbeatDetails?.payloads ?? []);
  const lastFailure = pending.lastFailure?.message ?? undefined;
  const facts = (beat ?? {}) as Partial<Piece>;
  // What only waits, or is done in a moment, has no figure to show.
  if (facts.done === undefined && lastFailure === undefined) return undefined;
  const quietMs = Date.now() - Number(pending.lastHeartbeatTime?.seconds ?? 0) * 1000;
  const quiet = beat !== undefined && quietMs > quietAfterMs;
  const note = quiet ? `no news for ${formatDuration(quietMs)}` : facts.note;
  return {
    what: facts.what ?? pending.activityType?.name ?? '',
    ...(facts.host !== undefined && { host: facts.host }),
    done: facts.done ?? 0,
    total: facts.total ?? 0,
    unit: facts.unit ?? 'bytes',
    rate: quiet ? 0 : (facts.rate ?? 0),
    ...(note !== undefined && { note }),
    attempt: pending.attempt ?? 1,
    ...(lastFailure !== undefined && { lastFailure }),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, each) => total + each, 0);
