import { patched, workflowInfo } from '@temporalio/workflow';
import { errors, type ErrorCode } from '../../contract/errors';
import { codeOf, reasonOf } from './render';

/** The plan, as the end of a dry run. */
export class Planned extends Error {}

/** A failure that nobody is asked about. */
export class Ending extends Error {
  constructor(override readonly cause: unknown) {
    super(reasonOf(cause));
  }
}

/** A refusal that no retry changes ends the run; any other failure is asked about. */
export const endingOnRefusal =
  <T>(act: () => Promise<T>) =>
  async (): Promise<T> => {
    try {
      return await act();
    } catch (error) {
      const code = codeOf(error);
      if (code === undefined || errors[code].retry) throw error;
      throw new Ending(error);
    }
  };

/** What a guard's run finds when there is nothing to be done any more: nobody is paged for it. */
const noNews: readonly (ErrorCode | undefined)[] = ['StillAlive', 'ProxyAnswers', 'NoMajority', 'LeftAlone'];

export const isNoNews = (error: unknown): boolean =>
  workflowInfo().parent !== undefined && noNews.includes(codeOf(error)) && patched('what-is-not-needed-is-no-news');
