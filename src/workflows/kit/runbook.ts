import {
  AsyncLocalStorage,
  CancellationScope,
  CancelledFailure,
  isCancellation,
  log,
  setCurrentDetails,
  setHandler,
  upsertSearchAttributes,
  workflowInfo,
} from '@temporalio/workflow';
import { defineSearchAttributeKey } from '@temporalio/common';
import { Refusal } from '../../contract/errors';
import type { Lease } from '../../contract/operations';
import type { Attended as AttendedInput, Report } from '../../contract/runbooks';
import { Attendance, type RunbookOptions } from './attendance';
import { digestOf } from './digest';
import { Ending, endingOnRefusal, Planned } from './endings';
import { Leases } from './leases';
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
import { control } from './proxies';
import { Steps, Undos } from './steps';
import { failure, failureOf, reasonOf, refusing, render, reportOf, type PlanSpeech } from './render';

/** The sentence of the step that is running; the interceptor writes it on every activity and timer. */
export const currentStep = new AsyncLocalStorage<string>();

const phaseKey = defineSearchAttributeKey('EvenkeelPhase', 'KEYWORD');

/**
 * A runbook is a list of sentences. Each shows up, word for word, in CLI, Web UI, history and log.
 * A failed step holds the run until somebody (or the input) says retry, skip or undo.
 * After `pointOfNoReturn` nothing earlier is undone, and cancel is refused.
 */
export class Runbook {
  private readonly steps = new Steps(() => this.show());
  private readonly undos = new Undos();
  private readonly endings: (() => Promise<unknown>)[] = [];
  private readonly decisions: Report['decisions'] = [];
  private readonly startedAt = new Date();
  private readonly scope: CancellationScope;
  private readonly attendance: Attendance;
  private readonly leases = new Leases();
  private plan: PlanView | undefined;
  private progress: ProgressView | undefined;
  private phase: Phase = 'running';
  private held: StepView | undefined;
  private heldMust = false;
  /** What a yes or no is waited for. */
  private asking: string | undefined;
  private committedBy: string | undefined;
  private stoppedBy: Said | undefined;

  constructor(
    private readonly title: string,
    private readonly attended: AttendedInput,
    private readonly options: RunbookOptions,
  ) {
    // Cancelling is ours to grant: the body's scope hears of it only through `stop`.
    this.scope = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
    CancellationScope.current().cancelRequested.catch(() => this.cancelled());
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
    this.attendance = new Attendance({
      plan: () => (this.phase === 'waiting for approval' ? this.plan : undefined),
      heldStep: () => this.held?.what,
      mustBeDone: () => this.heldMust,
      paused: (is) => upsertSearchAttributes([{ key: phaseKey, value: is ? 'paused' : this.phase }]),
      undoing: () => this.phase === 'undoing' || this.undos.running,
      committedBy: () => this.committedBy,
      tunable: options.tune?.keys ?? [],
      said: (what, said) => this.said(what, said),
      stop: (said) => this.stop(said),
      mayTune: (set) => options.tune?.check(set),
      tune: async (set) => options.tune?.apply(set),
    });
    this.show();
  }

  /** Runs the sentences and reports. On stop, or when told to, undoes what was begun, last first, and fails with the reason. */
  async run<T>(body: () => Promise<T>): Promise<Report<T>> {
    try {
      const result = await this.scope.run(body);
      this.enter('done');
      return { ...this.report('done'), result };
    } catch (error) {
      if (error instanceof Planned) {
        this.enter('done');
        return { ...this.report('planned'), ...(this.plan && { plan: this.plan }) };
      }
      throw await this.fail(error);
    } finally {
      await CancellationScope.nonCancellable(() => this.close());
    }
  }

  /** One sentence, one act. The undo is declared before the attempt: a step that timed out may have happened. */
  async step<T>(
    what: string,
    act: () => Promise<T>,
    undo?: () => Promise<unknown>,
    { must = false }: { must?: boolean } = {},
  ): Promise<T> {
    const view = this.steps.add(what);
    this.progress = undefined;
    if (undo) this.undos.add(what, undo);
    for (;;) {
      await this.whileNotPaused();
      this.steps.move(view, 'running');
      try {
        const result = await currentStep.run(what, act);
        this.steps.move(view, 'done');
        return result;
      } catch (error) {
        this.steps.move(view, 'failed', isCancellation(error) ? 'stopped' : reasonOf(error));
        if (isCancellation(error) || error instanceof Planned) throw error;
        if (error instanceof Ending) throw error.cause;
        const next = await this.hold(view, error, must);
        if (next === 'undo') throw error;
        if (next === 'skip') return undefined as T;
      }
    }
  }

  /**
   * A step that only looks. A refusal ends the run with its sentence: nothing was begun that could be held, and a typo
   * is not worth waking anybody for. Other failures hold, as in any step.
   */
  look<T>(what: string, act: () => Promise<T>): Promise<T> {
    return this.step(what, endingOnRefusal(act), undefined, { must: true });
  }

  /** A pure check: a refusal ends the run with its sentence. */
  readonly check = (may: () => void): void => refusing(may);

  /** A pure decision. A refusal ends the run with its sentence; with --dry-run the plan is the end. */
  decide<P>(plan: () => P, speech: PlanSpeech<P>): P {
    const content = refusing(plan);
    const digest = digestOf(speech.essence ? speech.essence(content) : content);
    this.plan = { digest, content, sentences: speech.sentences(content) };
    this.show();
    if (this.attended.dryRun) throw new Planned();
    return content;
  }

  /**
   * Waits for somebody to approve exactly this; at once if nobody asked for it. Each question has a digest of its own, so
   * that one yes never answers two. `again` looks anew after a yes: a plan that drifted is shown and asked for again.
   */
  async approve<P>(what: string, asked: boolean, again?: () => Promise<P>): Promise<P | undefined> {
    if (!asked) return undefined;
    for (;;) {
      const plan = this.plan!;
      this.plan = { ...plan, digest: digestOf([plan.digest, what]), sentences: [`${what}:`, ...plan.sentences] };
      await this.step(`Wait for approval of ${what}`, () => this.decision(what), undefined, { must: true });
      this.plan = plan;
      if (!again) return undefined;
      const content = await again();
      if (this.plan.digest === plan.digest) return content;
      this.said('the plan drifted while it waited for approval', { by: 'evenkeel', why: this.plan.digest });
    }
  }

  /** Takes the targets, so that no other run touches them until this one has ended. */
  async lease(targets: readonly string[], atLeast: number): Promise<void> {
    await this.step(
      `Take ${targets.join(' and ')}, so that no other run touches ${targets.length > 1 ? 'them' : 'it'}`,
      () => this.leases.take(targets, atLeast),
      undefined,
      { must: true },
    );
    this.show();
  }

  readonly leaseOf = (target: string): Lease => this.leases.of(target);

  /** From here the run finishes or asks; nothing earlier is undone. */
  pointOfNoReturn(): void {
    // A stop that was accepted while the last step ended still counts: nothing is committed yet.
    if (this.stoppedBy) throw new CancelledFailure('stopped before the point of no return');
    this.committedBy = this.steps.lastDone() ?? this.title;
    this.show();
  }

  /** Done when the run ends, however it ends: for settings that must not outlive it. */
  atEnd(ending: () => Promise<unknown>): void {
    this.endings.push(ending);
  }

  /** How far the step is that runs now. Finished pieces only: what is in flight is on the activities' heartbeats. */
  told(progress: Omit<ProgressView, 'etaMs'>): void {
    const left = progress.total - progress.done;
    this.progress = { ...progress, ...(progress.rate > 0 && { etaMs: Math.max(0, (left / progress.rate) * 1000) }) };
  }

  whileNotPaused(): Promise<void> {
    return this.attendance.pausedBy === undefined || this.undos.running
      ? Promise.resolve()
      : this.attendance.whileNotPaused();
  }

  /** For long steps, which must find their own safe place. */
  whenPaused(): Promise<void> {
    return this.attendance.whenPaused();
  }

  private async decision(what: string): Promise<void> {
    this.asking = what;
    this.enter('waiting for approval');
    await this.notify('approval', what);
    const { approved, by, why } = await this.attendance.decision();
    this.asking = undefined;
    this.enter('running');
    if (!approved) {
      this.stoppedBy = { by, why };
      throw failureOf(new Refusal('NotApproved', { by, why: why || 'no reason given' }));
    }
  }

  /** `must`: what follows is not safe without this step, so it cannot be skipped. */
  private async hold(view: StepView, error: unknown, must: boolean): Promise<'retry' | 'skip' | 'undo'> {
    if (this.stoppedBy) return 'undo';
    if (this.attended.onFailure === 'undo' && this.committedBy === undefined && this.phase !== 'undoing') return 'undo';
    const before = this.phase;
    this.held = view;
    this.heldMust = must;
    this.steps.move(view, 'held', reasonOf(error));
    this.enter('held');
    await this.notify('held', reasonOf(error));
    const answer = await this.attendance.answerToHold();
    this.held = undefined;
    if (answer.do === 'skip') this.steps.move(view, 'skipped', `${answer.by}: ${answer.why}`);
    else delete view.why;
    if (answer.do === 'undo') {
      this.stoppedBy = answer;
      this.steps.move(view, 'failed', reasonOf(error));
    }
    this.enter(before);
    return answer.do;
  }

  private async fail(error: unknown): Promise<unknown> {
    const undoable = this.committedBy === undefined && this.undos.some;
    if (undoable) await CancellationScope.nonCancellable(() => this.rollBack());
    const cancelled = isCancellation(error);
    this.enter(cancelled ? 'cancelled' : undoable ? 'undone' : 'failed');
    await CancellationScope.nonCancellable(() => this.notify('failed', reasonOf(error)));
    // A cancel that Temporal asked for ends the run as Cancelled; a stop of ours says who and why.
    if (cancelled && CancellationScope.current().consideredCancelled) return error;
    if (!this.stoppedBy || !(cancelled || undoable)) return failure(error);
    return failureOf(
      new Refusal('Undone', {
        by: this.stoppedBy.by,
        why: this.stoppedBy.why || (cancelled ? 'no reason given' : reasonOf(error)),
      }),
    );
  }

  private async rollBack(): Promise<void> {
    this.enter('undoing');
    const stoppedBy = this.stoppedBy;
    this.stoppedBy = undefined;
    await this.undos.perform(async (what, run) => {
      await this.step(`Undo: ${what}`, run);
      if (this.steps.isDone(`Undo: ${what}`)) this.steps.undone(what);
    });
    this.stoppedBy = stoppedBy;
  }

  private async close(): Promise<void> {
    for (const ending of this.endings.splice(0))
      await ending().catch((error: unknown) => log.warn('left as it was', { error }));
    // A failed run may be retried, and is its targets' holder until somebody else asks for them.
    if (this.phase !== 'failed') await this.leases.giveBack();
    this.show();
  }

  private cancelled(): void {
    if (this.committedBy !== undefined)
      this.said('a cancel was refused', {
        by: 'Temporal',
        why: new Refusal('PastReturn', { step: this.committedBy }).message,
      });
    else this.stop({ by: 'a cancel request to Temporal', why: '' });
  }

  private stop(said: Said): void {
    this.stoppedBy = said;
    this.attendance.endPause();
    this.said('stopped', said);
    this.scope.cancel();
  }

  private said(what: string, { by, why }: Said): void {
    this.decisions.push({ what, by, why, at: new Date().toISOString() });
    log.info(what, { by, why });
    this.show();
  }

  private report(outcome: 'done' | 'planned'): Report<never> {
    const { steps, decisions, startedAt, plan } = this;
    return reportOf({ ...this.options, outcome, plan, steps: steps.list, decisions, startedAt });
  }

  private status(): StatusView {
    const { runbook, target } = this.options;
    const { pausedBy } = this.attendance;
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

  private async notify(event: 'approval' | 'held' | 'failed', why: string): Promise<void> {
    const { runbook, target } = this.options;
    await control.notify({ event, run: workflowInfo().workflowId, runbook, target, title: this.title, why });
  }

  private enter(phase: Phase): void {
    if (phase === this.phase) return;
    this.phase = phase;
    upsertSearchAttributes([{ key: phaseKey, value: phase }]);
    this.show();
  }

  private show(): void {
    setCurrentDetails(render(this.status(), this.steps.list, this.plan));
  }
}
