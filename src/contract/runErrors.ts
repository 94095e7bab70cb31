/** The refusals about runs and what people say to them: rows of the one table in errors.ts. */
export const runErrors = {
  StillGoesOn: {
    says: '{run} has not ended within {seconds} s, and goes on by itself',
    retry: true,
    next: 'see `evenkeel show {run}` for what it waits for',
  },
  NotApproved: { says: '{by} said no: {why}', retry: false, next: 'start the runbook again when that has changed' },
  OtherPlan: {
    says: 'the plan now is {plan}, not {given}',
    retry: false,
    next: 'look at it again with `evenkeel show`',
  },
  NoPlan: { says: 'there is no plan to decide on yet', retry: false, next: 'wait until the run asks' },
  NotHeld: { says: 'no step of this run waits for an answer', retry: false, next: 'see `evenkeel show`' },
  NotPaused: { says: 'this run is not paused', retry: false, next: 'see `evenkeel show`' },
  AlreadyPaused: { says: 'this run is paused already, by {by}', retry: false, next: 'resume it' },
  NotTunable: {
    says: '{what} cannot be changed while this run runs',
    retry: false,
    next: 'see `evenkeel tune --help`',
  },
  PastReturn: {
    says: 'nothing can be undone after "{step}"',
    retry: false,
    next: 'retry the failed step, or skip it with a reason',
  },
  MustBeDone: {
    says: '"{step}" cannot be skipped: what follows relies on it',
    retry: false,
    next: 'mend its cause and retry, or undo',
  },
  IsUndoing: {
    says: 'what was begun is being undone, and that is carried through',
    retry: false,
    next: 'retry the held undo, or skip it with a reason',
  },
  Undone: { says: '{by} had it undone: {why}', retry: false, next: 'start the runbook again' },
  NoSuchRun: { says: 'there is no run "{id}"{near}', retry: false, next: 'see `evenkeel list --all`' },
  ManyRuns: { says: '"{id}" may mean {which}', retry: false, next: 'write more of its id' },
  AlreadyRunning: {
    says: '{id} runs already, started by {by}',
    retry: false,
    next: '`evenkeel watch {id}` shows it; `evenkeel cancel {id}` stops it',
  },
  RunEnded: {
    says: '{id} has ended: {phase}',
    retry: false,
    next: '`evenkeel show {id}` tells how; start it anew if needed',
  },
  StillRunning: {
    says: '{id} still runs and nothing of it failed',
    retry: false,
    next: '`evenkeel watch {id}` shows it',
  },
  WasUndone: {
    says: '{id} was undone, so there is no step to go on from',
    retry: false,
    next: 'start it anew with `evenkeel run`',
  },
  NothingFailed: { says: 'no step of {id} failed: {why}', retry: false, next: 'start it anew with `evenkeel run`' },
} as const;
