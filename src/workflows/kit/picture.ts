import { log, setCurrentDetails, setHandler, upsertSearchAttributes } from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import type { Report } from '../../contract/runbooks';
import type { RunbookOptions } from './attendance';
import type { Leases } from './leases';
import {
  planQuery,
  progressQuery,
  runQuery,
  statusQuery,
  stepsQuery,
  type Phase,
  type PlanView,
  type ProgressView,
  type Said,
  type StatusView,
  type StepView,
} from './messages';
import { render, reportOf } from './render';
import { Steps } from './steps';

const phaseKey = defineSearchAttributeKey('EvenkeelPhase', 'KEYWORD');

/** What a run shows of itself: to queries, in lists of runs, in the Web UI, and in its report. It orders nothing. */
export class Picture {
  readonly steps = new Steps(() => this.show());
  plan: PlanView | undefined;
  progress: ProgressView | undefined;
  phase: Phase = 'running';
  held: StepView | undefined;
  /** What a yes or no is waited for. */
  asking: string | undefined;
  /** The step after which nothing is undone. */
  committedBy: string | undefined;
  private pausedBy: string | undefined;
  private readonly decisions: Report['decisions'] = [];
  private readonly startedAt = new Date();

  constructor(
    readonly title: string,
    private readonly options: RunbookOptions,
    private readonly leases: Leases,
  ) {
    setHandler(runQuery, () => ({
      status: this.status(),
      steps: this.steps.list,
      ...(this.plan && { plan: this.plan }),
      ...(this.progress && { progress: this.progress }),
    }));
    setHandler(stepsQuery, () => this.steps.list);
    setHandler(planQuery, () => this.plan);
    setHandler(progressQuery, () => this.progress);
    setHandler(statusQuery, () => this.status());
  }

  enter(phase: Phase): void {
    if (phase === this.phase) return;
    this.phase = phase;
    this.tellPhase();
    this.show();
  }

  /** Somebody paused the run, or (undefined) it goes on. */
  paused(by: string | undefined): void {
    this.pausedBy = by;
    this.tellPhase();
  }

  /** Whoever waits for a person waits on, though paused: that is what must be seen. */
  private tellPhase(): void {
    const paused = this.pausedBy !== undefined && this.phase === 'running';
    upsertSearchAttributes([{ key: phaseKey, value: paused ? 'paused' : this.phase }]);
  }

  told(progress: Omit<ProgressView, 'etaMs'>): void {
    const left = progress.total - progress.done;
    this.progress = { ...progress, ...(progress.rate > 0 && { etaMs: Math.max(0, (left / progress.rate) * 1000) }) };
  }

  /** What was done, by whom and why: kept in the report. */
  said(what: string, { by, why }: Said): void {
    this.decisions.push({ what, by, why, at: new Date().toISOString() });
    log.info(what, { by, why });
    this.show();
  }

  report(outcome: 'done' | 'planned'): Report<never> {
    const { steps, decisions, startedAt, plan } = this;
    return reportOf({ ...this.options, outcome, plan, steps: steps.list, decisions, startedAt });
  }

  show(): void {
    setCurrentDetails(render(this.status(), this.steps.list, this.plan));
  }

  private status(): StatusView {
    const { runbook, target } = this.options;
    const { pausedBy } = this;
    const why = this.held?.why ?? this.asking ?? this.leases.behind;
    return {
      title: this.title,
      runbook,
      target,
      phase: pausedBy !== undefined && this.phase === 'running' ? 'paused' : this.phase,
      startedAt: this.startedAt.toISOString(),
      ...(this.held && { heldStep: this.held.what }),
      ...(why !== undefined && { why }),
      ...(pausedBy !== undefined && { pausedBy }),
      ...(this.committedBy !== undefined && { committedBy: this.committedBy }),
      leases: this.leases.held,
    };
  }
}
