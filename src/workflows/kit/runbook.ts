import {
  AsyncLocalStorage,
  CancellationScope,
  CancelledFailure,
  ContinueAsNew,
  isCancellation,
  log,
  patched,
  workflowInfo,
} from '@temporalio/workflow';
import { Refusal } from '../../contract/errors';
import { noticeOf, type Notice } from '../../contract/notices';
import type { Lease } from '../../contract/operations';
import type { Attended as AttendedInput, Report } from '../../contract/runbooks';
import { Attendance, type RunbookOptions } from './attendance';
import { digestOf } from './digest';
import { Ending, endingOnRefusal, isNoNews, Planned } from './endings';
import { Leases } from './leases';
import type { Decision, ProgressView, Said, StepView } from './messages';
import { Pauses } from './pauses';
import { Picture } from './picture';
import { control } from './proxies';
import { Undos } from './steps';
import { failure, failureOf, reasonOf, refusing, type PlanSpeech } from './render';

/** The sentence of the step that is running; the interceptor writes it on every activity and timer. */
export const currentStep = new AsyncLocalStorage<string>();

/**
 * A runbook is a list of sentences. Each shows up, word for word, in CLI, Web UI, history and log.
 * A failed step holds the run until somebody (or the input) says retry, skip or undo.
 * After `pointOfNoReturn` nothing earlier is undone, and cancel is refused.
 */
export class Runbook {
  readonly pauses: Pauses;
  private readonly picture: Picture;
  private readonly undos = new Undos();
  private readonly endings: (() => Promise<unknown>)[] = [];
  private readonly scope: CancellationScope;
  private readonly attendance: Attendance;
  private readonly leases = new Leases();
  private heldMust = false;
  private stoppedBy: Said | undefined;

  constructor(
    title: string,
    private readonly attended: AttendedInput,
    private readonly options: RunbookOptions,
  ) {
    // Cancelling is ours to grant: the body's scope hears of it only through `stop`.
    this.scope = new CancellationScope({ cancellable: true, parent: new CancellationScope({ cancellable: false }) });
    CancellationScope.current().cancelRequested.catch(() => this.cancelled());
    this.picture = new Picture(title, options, this.leases);
    const { picture } = this;
    this.attendance = new Attendance({
      plan: () => (picture.phase === 'waiting for approval' ? picture.plan : undefined),
      heldStep: () => picture.held?.what,
      mustBeDone: () => this.heldMust,
      paused: (by) => picture.paused(by),
      undoing: () => picture.phase === 'undoing' || this.undos.running,
      committedBy: () => picture.committedBy,
      tunable: options.tune?.keys ?? [],
      said: (what, said) => picture.said(what, said),
      stop: (said) => this.stop(said),
      mayTune: (set) => options.tune?.check(set),
      tune: async (set) => options.tune?.apply(set),
    });
    this.pauses = new Pauses(this.attendance, () => this.undos.running);
    picture.show();
  }

  /** Runs the sentences and reports. On stop, or when told to, undoes what was begun, last first, and fails with the reason. */
  async run<T>(body: () => Promise<T>): Promise<Report<T>> {
    try {
      const result = await this.scope.run(body);
      this.picture.enter('done');
      return { ...this.picture.report('done'), result };
    } catch (error) {
      if (error instanceof Planned) {
        this.picture.enter('done');
        const { plan } = this.picture;
        return { ...this.picture.report('planned'), ...(plan && { plan }) };
      }
      if (error instanceof ContinueAsNew) throw error;
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
    const view = this.picture.steps.add(what);
    this.picture.progress = undefined;
    if (undo) this.undos.add(what, undo);
    for (;;) {
      try {
        return await this.perform(view, act);
      } catch (error) {
        if (isCancellation(error) || error instanceof Planned) throw error;
        if (error instanceof Ending) throw error.cause;
        const next = await this.hold(view, error, must);
        if (next === 'undo') throw error;
        if (next === 'skip') return undefined as T;
      }
    }
  }

  /**
   * A step whose failure is an answer: it is shown with its reason, and the run goes on without it. `evenPaused`: it is what a
   * pause asks for.
   */
  async attempt<T>(what: string, act: () => Promise<T>, { evenPaused = false } = {}): Promise<T | undefined> {
    try {
      return await this.perform(this.picture.steps.add(what), act, evenPaused);
    } catch (error) {
      if (isCancellation(error)) throw error;
      return undefined;
    }
  }

  /** Does a step once, and shows how it went. */
  private async perform<T>(view: StepView, act: () => Promise<T>, evenPaused = false): Promise<T> {
    if (!evenPaused) await this.pauses.over();
    this.picture.steps.move(view, 'running');
    try {
      const result = await currentStep.run(view.what, act);
      this.picture.steps.move(view, 'done');
      return result;
    } catch (error) {
      this.picture.steps.move(view, 'failed', isCancellation(error) ? 'stopped' : reasonOf(error));
      throw error;
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
    this.picture.plan = { digest, content, sentences: speech.sentences(content) };
    this.picture.show();
    if (this.attended.dryRun) throw new Planned();
    return content;
  }

  /**
   * Waits for somebody to approve exactly this; at once if nobody asked for it. With `again` the question is the plan itself,
   * under its digest; it is looked at anew after a yes, and a plan that drifted is shown and asked for again. `mayLapse`: it is
   * looked at meanwhile too, and the run ends when nothing is to be done any more. Any other question has a digest of its own,
   * so that one yes never answers two.
   */
  async approve<P>(
    what: string,
    asked: boolean,
    again?: () => Promise<P>,
    { mayLapse = false } = {},
  ): Promise<P | undefined> {
    if (!asked) return undefined;
    for (;;) {
      let plan = this.picture.plan!;
      const ask = () => {
        plan = this.picture.plan!;
        const digest = again ? plan.digest : digestOf([plan.digest, what]);
        this.picture.plan = { ...plan, digest, sentences: [`${what}:`, ...plan.sentences] };
      };
      ask();
      const lookAgain = again && endingOnRefusal(() => again().then(ask));
      const decided = () => this.decision(what, mayLapse ? lookAgain : undefined);
      await this.step(`Wait for approval of ${what}`, decided, undefined, { must: true });
      this.picture.plan = plan;
      if (!again) return undefined;
      const content = await again();
      if (this.picture.plan.digest === plan.digest) return content;
      this.picture.said('the plan drifted while it waited for approval', {
        by: 'evenkeel',
        why: this.picture.plan.digest,
      });
    }
  }

  /** Takes the targets, so that no other run touches them until this one has ended. */
  async lease(targets: readonly string[], atLeast: number): Promise<void> {
    await this.step(
      `Take ${targets.join(' and ')}, so that no other run touches ${targets.length > 1 ? 'them' : 'it'}`,
      () => this.leases.take(targets, atLeast, (behind) => this.notify('waiting', behind)),
      undefined,
      { must: true },
    );
    this.picture.show();
  }

  /** An epoch for a plan that others carry out; undefined when another run holds the target for longer than that. */
  reserve(target: string, atLeast: number, waitMs: number): Promise<number | undefined> {
    return this.leases.reserve(target, atLeast, waitMs);
  }

  /** Shows what was done before this run, by somebody else, as done at its own time. ms since the epoch of Unix. */
  recall(what: string, fromMs: number, toMs: number): void {
    this.picture.steps.recall(what, fromMs, toMs);
  }

  /** Whether another run had to end first: what was looked at before that has to be looked at again. */
  get hadToWait(): boolean {
    return this.leases.queued;
  }

  readonly leaseOf = (target: string): Lease => this.leases.of(target);

  /** From here the run finishes or asks; nothing earlier is undone. */
  pointOfNoReturn(): void {
    // A stop that was accepted while the last step ended still counts: nothing is committed yet.
    if (this.stoppedBy) throw new CancelledFailure('stopped before the point of no return');
    this.picture.committedBy = this.picture.steps.lastDone() ?? this.picture.title;
    this.picture.show();
  }

  /** Done when the run ends, however it ends: for settings that must not outlive it. */
  atEnd(ending: () => Promise<unknown>): void {
    this.endings.push(ending);
  }

  /** Tells people what went through, or what stalls, where nobody may have watched. */
  async announce(what: string, event: 'done' | 'stalled' = 'done'): Promise<void> {
    if (patched('what-went-through-is-announced')) await this.notify(event, what);
  }

  /** How far the step is that runs now. Finished pieces only: what is in flight is on the activities' heartbeats. */
  told(progress: Omit<ProgressView, 'etaMs'>): void {
    this.picture.told(progress);
  }

  private async decision(what: string, lookAgain?: () => Promise<void>): Promise<void> {
    this.picture.asking = what;
    this.picture.enter('waiting for approval');
    await this.notify('approval', what);
    const { approved, by, why } = await this.decided(lookAgain);
    this.picture.asking = undefined;
    this.picture.enter('running');
    if (!approved) {
      this.stoppedBy = { by, why };
      throw failureOf(new Refusal('NotApproved', { by, why: why || 'no reason given' }));
    }
  }

  /** Looked at ever more seldom: somebody may answer after days. */
  private async decided(lookAgain?: () => Promise<void>): Promise<Decision> {
    if (!lookAgain || !patched('a-question-may-lapse')) return (await this.attendance.decision())!;
    for (let waitMs = 30_000; ; waitMs = Math.min(2 * waitMs, 600_000)) {
      const decision = await this.attendance.decision(waitMs);
      if (decision) return decision;
      await lookAgain();
    }
  }

  /** `must`: what follows is not safe without this step, so it cannot be skipped. */
  private async hold(view: StepView, error: unknown, must: boolean): Promise<'retry' | 'skip' | 'undo'> {
    if (this.stoppedBy) return 'undo';
    if (this.leaves) return this.picture.phase === 'undoing' ? 'skip' : 'undo';
    if (
      this.attended.onFailure === 'undo' &&
      this.picture.committedBy === undefined &&
      this.picture.phase !== 'undoing'
    )
      return 'undo';
    const before = this.picture.phase;
    this.picture.held = view;
    this.heldMust = must;
    this.picture.steps.move(view, 'held', reasonOf(error));
    this.picture.enter('held');
    // From now on: whoever answers while a hook still takes its time must be heard.
    const answered = this.attendance.answerToHold();
    answered.catch(() => undefined); // a stop while the hook is told: it is met below
    await this.notify('held', reasonOf(error));
    const answer = await answered;
    this.picture.held = undefined;
    if (answer.do === 'skip') this.picture.steps.move(view, 'skipped', `${answer.by}: ${answer.why}`);
    else delete view.why;
    if (answer.do === 'undo') {
      this.stoppedBy = answer;
      this.picture.steps.move(view, 'failed', reasonOf(error));
    }
    this.picture.enter(before);
    return answer.do;
  }

  private async fail(error: unknown): Promise<unknown> {
    const undoable = this.picture.committedBy === undefined && this.undos.some && !(this.leaves && !this.stoppedBy);
    if (undoable) await CancellationScope.nonCancellable(() => this.rollBack());
    const cancelled = isCancellation(error);
    this.picture.enter(cancelled ? 'cancelled' : undoable ? 'undone' : 'failed');
    if (!isNoNews(error)) await CancellationScope.nonCancellable(() => this.notify('failed', reasonOf(error)));
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
    this.picture.enter('undoing');
    const stoppedBy = this.stoppedBy;
    this.stoppedBy = undefined;
    await this.undos.perform(async (what, run) => {
      await this.step(`Undo: ${what}`, run);
      if (this.picture.steps.isDone(`Undo: ${what}`)) this.picture.steps.undone(what);
    });
    this.stoppedBy = stoppedBy;
  }

  private async close(): Promise<void> {
    for (const ending of this.endings.splice(0))
      await ending().catch((error: unknown) => log.warn('left as it was', { error }));
    // A failed run may be retried, and is its targets' holder until somebody else asks for them.
    if (this.picture.phase !== 'failed' || this.leaves) await this.leases.giveBack();
    this.picture.show();
  }

  /** Nobody is there to be asked, and others wait for its targets: it ends. */
  private get leaves(): boolean {
    return this.attended.onFailure === 'leave';
  }

  private cancelled(): void {
    if (this.picture.committedBy !== undefined)
      this.picture.said('a cancel was refused', {
        by: 'Temporal',
        why: new Refusal('PastReturn', { step: this.picture.committedBy }).message,
      });
    else this.stop({ by: 'a cancel request to Temporal', why: '' });
  }

  private stop(said: Said): void {
    this.stoppedBy = said;
    this.attendance.endPause();
    this.picture.said('stopped', said);
    this.scope.cancel();
  }

  private async notify(event: Notice['event'], why: string): Promise<void> {
    const { runbook, target } = this.options;
    const run = workflowInfo().workflowId;
    const { title, plan } = this.picture;
    const asked = event === 'approval' && plan && { plan: plan.digest };
    await control.notify(noticeOf({ event, run, runbook, target, title, why, ...asked }));
  }
}
