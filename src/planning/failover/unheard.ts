import { majorityOf } from './verdict';

/** Observers that did not hear that their plan was taken back. */
export interface Unheard {
  epoch: number;
  /** All whom the plan names, and those of them that have not heard it. */
  observers: string[];
  by: string[];
  /** What they hold has ended then, ms since the epoch of Unix: nobody renewed it since. */
  untilMs: number;
}

/** A plan is used only when a majority of its observers lets one of them: those who gave it up never do. */
export const isSpent = ({ observers, by }: Unheard): boolean =>
  observers.length - by.length >= majorityOf(observers.length);

/** For the step that did not reach them. */
export function unheardFacts(unheard: Unheard): { who: string; until: string; so: string } {
  const { by, untilMs } = unheard;
  return {
    who: by.join(' and '),
    until: new Date(untilMs).toISOString(),
    so: isSpent(unheard)
      ? 'a majority has heard it, so that nobody can begin to use it any more'
      : 'too few have heard it: until then the agents may still use it',
  };
}
