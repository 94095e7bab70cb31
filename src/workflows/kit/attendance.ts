import { condition, log, setHandler } from '@temporalio/workflow';
import { Refusal } from '../../contract/errors';
import {
  answerUpdate,
  decideUpdate,
  pauseUpdate,
  refusedUpdate,
  resumeUpdate,
  stopUpdate,
  tuneUpdate,
  type Answer,
  type Decision,
  type PlanView,
  type RefusedWord,
  type Said,
  type Tuning,
} from './messages';
import { failureOf } from './render';

export interface RunbookOptions {
  runbook: string;
  target: string;
  /** Inputs that may be changed while it runs, and what to do then. */
  tune?: {
    keys: readonly string[];
    check(set: Record<string, unknown>): void;
    apply(set: Record<string, unknown>): Promise<void>;
  };
}

/** What the run lets its people know, so that their answers can be checked. */
export interface Attended {
  plan(): PlanView | undefined;
  heldStep(): string | undefined;
  /** The held step cannot be skipped. */
  mustBeDone(): boolean;
  /** Somebody paused the run, or (undefined) let it go on. */
  paused(by: string | undefined): void;
  /** What was begun is being undone: that is carried through. */
  undoing(): boolean;
  /** Refuses values that cannot be. */
  mayTune(set: Record<string, unknown>): void;
  /** The step after which nothing is undone. */
  committedBy(): string | undefined;
  tunable: readonly string[];
  /** Called after each accepted word: what was done, by whom, why. */
  said(what: string, said: Said): void;
  stop(said: Said): void;
  tune(set: Record<string, unknown>): Promise<void>;
}

/** Whoever tries again and again must not fill the history. */
const mostRefusals = 100;

/** The people's side of a run: approve, answer, pause, resume, stop, tune. Each word is checked before it enters the history. */
export class Attendance {
  private decided: Decision | undefined;
  private answered: Answer | undefined;
  private pause: Said | undefined;
  private refusals = 0;

  constructor(private readonly run: Attended) {
    setHandler(decideUpdate, (given: Decision) => this.decide(given), {
      validator: (given: Decision) => this.check(() => this.mayDecide(given)),
      description: 'Say yes or no to exactly this plan',
    });
    setHandler(answerUpdate, (given: Answer) => this.answer(given), {
      validator: (given: Answer) => this.check(() => this.mayAnswer(given)),
      description: 'Retry, skip or undo the held step',
    });
    setHandler(pauseUpdate, (said: Said) => this.pauseBy(said), {
      validator: (_: Said) => this.check(() => this.mayPause()),
      description: 'Stop at the next safe place',
    });
    setHandler(resumeUpdate, (said: Said) => this.resumeBy(said), {
      validator: (_: Said) => this.check(() => this.mayResume()),
      description: 'Go on after a pause',
    });
    setHandler(stopUpdate, (said: Said) => this.run.stop(said), {
      validator: (_: Said) => this.check(() => this.mayStop()),
      description: 'Cancel the run and undo what may be undone',
    });
    setHandler(tuneUpdate, (given: Tuning) => this.tune(given), {
      validator: (given: Tuning) => this.check(() => this.mayTune(given)),
      description: 'Change an input while the run goes on',
    });
    setHandler(refusedUpdate, ({ what, by, why }: RefusedWord) => this.refused(what, by, why), {
      validator: (_: RefusedWord) => this.check(() => this.mayNote()),
      description: 'Keep for the auditor what was refused',
    });
  }

  get pausedBy(): string | undefined {
    return this.pause?.by;
  }

  /** Resolves at once unless somebody paused the run. */
  async whileNotPaused(atMostMs?: number): Promise<void> {
    const isOver = () => this.pause === undefined;
    if (atMostMs === undefined) await condition(isOver);
    else await condition(isOver, atMostMs);
  }

  whenPaused(): Promise<void> {
    return condition(() => this.pause !== undefined);
  }

  /** Also by a stop: what is undone must not wait for somebody to resume it. */
  endPause(): void {
    if (this.pause) this.run.paused(undefined);
    this.pause = undefined;
  }

  /** Undefined when nobody has answered by then, if that is given. */
  async decision(atMostMs?: number): Promise<Decision | undefined> {
    const isThere = () => this.decided !== undefined;
    if (atMostMs === undefined) await condition(isThere);
    else await condition(isThere, atMostMs);
    const decision = this.decided;
    this.decided = undefined;
    return decision;
  }

  async answerToHold(): Promise<Answer> {
    this.answered = undefined;
    await condition(() => this.answered !== undefined);
    return this.answered!;
  }

  private refused(what: string, by: string, why: string): void {
    this.refusals++;
    log.warn('a word was refused', { what, by, why });
  }

  private decide(given: Decision): void {
    this.decided = given;
    this.run.said(`${given.approved ? 'approved' : 'rejected'} plan ${given.digest}`, given);
  }

  private answer(given: Answer): void {
    this.answered = given;
    this.run.said(`${given.do}: ${this.run.heldStep()}`, given);
  }

  private pauseBy(said: Said): void {
    this.pause = said;
    this.run.paused(said.by);
    this.run.said('paused', said);
  }

  private resumeBy(said: Said): void {
    this.endPause();
    this.run.said('resumed', said);
  }

  private async tune({ by, set }: Tuning): Promise<void> {
    await this.run.tune(set);
    this.run.said(`set ${JSON.stringify(set)}`, { by, why: '' });
  }

  private mayNote(): void {
    if (this.refusals >= mostRefusals)
      throw new Refusal('TooMany', {
        what: 'refused words in the history of this run',
        count: this.refusals + 1,
        limit: mostRefusals,
        advice: 'look for more of them in the log of the API',
      });
  }

  private mayDecide({ digest }: Decision): void {
    const plan = this.run.plan();
    if (!plan) throw new Refusal('NoPlan');
    if (digest !== plan.digest) throw new Refusal('OtherPlan', { plan: plan.digest, given: digest });
  }

  private mayAnswer(given: Answer): void {
    if (this.run.heldStep() === undefined) throw new Refusal('NotHeld');
    if (!['retry', 'skip', 'undo'].includes(given.do))
      throw new Refusal('BadInput', { what: `"${given.do}" is not retry, skip or undo` });
    if (given.do === 'skip' && !given.why) throw new Refusal('BadInput', { what: 'a skip needs a reason' });
    if (given.do === 'skip' && this.run.mustBeDone())
      throw new Refusal('MustBeDone', { step: this.run.heldStep() ?? '' });
    if (given.do === 'undo') this.mayStop();
  }

  private mayPause(): void {
    if (this.pause) throw new Refusal('AlreadyPaused', { by: this.pause.by });
  }

  private mayResume(): void {
    if (!this.pause) throw new Refusal('NotPaused');
  }

  private mayStop(): void {
    if (this.run.undoing()) throw new Refusal('IsUndoing');
    const step = this.run.committedBy();
    if (step !== undefined) throw new Refusal('PastReturn', { step });
  }

  private mayTune({ set }: Tuning): void {
    const odd = Object.keys(set).find((key) => !this.run.tunable.includes(key));
    if (odd !== undefined) throw new Refusal('NotTunable', { what: `"${odd}"` });
    this.run.mayTune(set);
  }

  /** A refusal of a validator must be a failure with a type, or the caller sees no code. */
  private check(may: () => void): void {
    try {
      may();
    } catch (error) {
      throw error instanceof Refusal ? failureOf(error) : error;
    }
  }
}
