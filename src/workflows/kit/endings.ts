import { reasonOf } from './render';

/** The plan, as the end of a dry run. */
export class Planned extends Error {}

/** A failure that nobody is asked about. */
export class Ending extends Error {
  constructor(override readonly cause: unknown) {
    super(reasonOf(cause));
  }
}
