import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';

export type StepState = 'waiting' | 'running' | 'done' | 'failed' | 'held' | 'skipped' | 'undone';

/** One sentence of a runbook and how it went. Times are ISO 8601. */
export interface StepView {
  what: string;
  state: StepState;
  startedAt?: string;
  endedAt?: string;
  /** Why it failed, was skipped or waits. */
  why?: string;
}

/** How far the run is; bytes or files a second in `rate`. What is in flight is on the activities' heartbeats. */
export interface ProgressView {
  done: number;
  total: number;
  unit: 'bytes' | 'files';
  rate: number;
  etaMs?: number;
  note?: string;
}

export interface PlanView {
  /** First 16 hex digits of the SHA-256 of the plan: what an approval is bound to. */
  digest: string;
  content: unknown;
  /** The plan as an operator reads it. */
  sentences: string[];
}

export type Phase =
  'running' | 'waiting for approval' | 'held' | 'paused' | 'undoing' | 'done' | 'failed' | 'cancelled' | 'undone';

export interface StatusView {
  title: string;
  runbook: string;
  target: string;
  phase: Phase;
  startedAt: string;
  heldStep?: string;
  why?: string;
  pausedBy?: string;
  /** The step after which nothing is undone any more. */
  committedBy?: string;
  leases: { target: string; epoch: number }[];
}

/** Who said what, and why: kept in the report. */
export interface Said {
  by: string;
  why: string;
}
/** What to do with a held step. */
export interface Answer extends Said {
  do: 'retry' | 'skip' | 'undo';
}
/** A yes or no to one exact plan. */
export interface Decision extends Said {
  approved: boolean;
  digest: string;
}
export interface Tuning {
  by: string;
  set: Record<string, unknown>;
}

/** A word that the run did not take: said by whom, and why it was refused. */
export interface RefusedWord extends Said {
  what: string;
}

/** All of a run at one moment. */
export interface RunState {
  status: StatusView;
  steps: StepView[];
  plan?: PlanView;
  progress?: ProgressView;
}

export const runQuery = defineQuery<RunState>('run');
export const stepsQuery = defineQuery<StepView[]>('steps');
export const progressQuery = defineQuery<ProgressView | undefined>('progress');
export const planQuery = defineQuery<PlanView | undefined>('plan');
export const statusQuery = defineQuery<StatusView>('status');

export const answerUpdate = defineUpdate<void, [Answer]>('answer');
export const decideUpdate = defineUpdate<void, [Decision]>('decide');
export const pauseUpdate = defineUpdate<void, [Said]>('pause');
export const resumeUpdate = defineUpdate<void, [Said]>('resume');
/** Cancel with undo; refused after the point of no return. */
export const stopUpdate = defineUpdate<void, [Said]>('stop');
/** For the auditor: what is refused by a validator leaves no trace in a history, so it is told again by this. */
export const refusedUpdate = defineUpdate<void, [RefusedWord]>('refused');
export const tuneUpdate = defineUpdate<void, [Tuning]>('tune');

/** Between a run and the lease of a target. */
export interface LeaseRequest {
  holder: string;
  /** The first run of the holder's chain: a reset run is still the same holder. */
  runId: string;
  /** The highest epoch that any host of the target has seen. */
  atLeast: number;
}
export const leaseRequested = defineSignal<[LeaseRequest]>('leaseRequested');
export const leaseReturned = defineSignal<[{ holder: string; runId: string }]>('leaseReturned');
export const leaseGranted = defineSignal<[{ target: string; epoch: number; runId: string }]>('leaseGranted');
export const leaseQueued = defineSignal<[{ target: string; behind: string }]>('leaseQueued');
