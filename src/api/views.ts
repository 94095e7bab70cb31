import type { Report } from '../contract/runbooks';
import type { Phase, PlanView, StatusView, StepView } from '../workflows/kit/messages';

/** One run in a list. Times are ISO 8601. */
export interface RunSummary {
  id: string;
  runId: string;
  runbook: string;
  title: string;
  target: string;
  phase: Phase | 'planned' | 'terminated';
  by: string;
  ticket?: string;
  startedAt: string;
  endedAt?: string;
  tookMs: number;
  webUi?: string;
}

/** How far a run is at this moment, pieces in flight included. `rate` is per second; `etaMs` is left out while nobody can tell. */
export interface LiveProgress {
  done: number;
  total: number;
  unit: string;
  rate: number;
  etaMs?: number;
  note?: string;
  /** What is in flight, one entry a piece of work. */
  pieces: Piece[];
}

/** One activity at work, as its last heartbeat tells it. */
export interface Piece {
  what: string;
  host?: string;
  done: number;
  total: number;
  unit: string;
  rate: number;
  note?: string;
  attempt: number;
  /** Why the attempt before this one failed. */
  lastFailure?: string;
}

export interface Failure {
  code?: string;
  message: string;
}

/** What a person has to do before the run goes on. */
export interface Waiting {
  what: string;
  commands: string[];
}

/** All that is known of one run. */
export interface RunView extends RunSummary {
  status?: StatusView;
  steps: StepView[];
  plan?: PlanView;
  progress?: LiveProgress;
  waiting?: Waiting;
  failure?: Failure;
  report?: Report;
  /** Why steps and plan are missing: no worker answered. */
  unanswered?: string;
}

/** What happens to a run while somebody watches. `id` grows; a step carries its place in the list. */
export type RunEvent =
  | { type: 'run'; run: RunSummary }
  | { type: 'phase'; phase: RunSummary['phase']; why?: string; waiting?: Waiting }
  | { type: 'plan'; plan: PlanView }
  | { type: 'step'; index: number; step: StepView }
  | { type: 'progress'; progress: LiveProgress }
  | { type: 'unanswered'; why: string }
  | { type: 'ended'; run: RunView };
