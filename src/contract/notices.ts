/**
 * What people are told of, through the hooks of the fleet file. `approval`: somebody has to say yes; `held`: a step failed, and
 * somebody has to say what now; `waiting`: another run has what this one needs; `stalled`: what it guards
 * answers, and its work hangs; `failed`: it ended with an error; `done`: what nobody may have watched went through.
 */
export interface Notice {
  event: 'approval' | 'held' | 'waiting' | 'stalled' | 'failed' | 'done';
  run: string;
  runbook: string;
  target: string;
  title: string;
  why: string;
  /** Of an approval: the digest that `evenkeel approve --plan` takes. */
  plan?: string;
  /** The command that shows more. */
  next: string;
}

export const noticeOf = (notice: Omit<Notice, 'next'>): Notice => ({ ...notice, next: `evenkeel show ${notice.run}` });
