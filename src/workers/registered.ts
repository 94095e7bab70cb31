import type { RunbookFn, RunbookName } from '../contract/runbooks';
import type * as workflows from '../workflows';

/** Does not compile unless every runbook of the contract has a workflow of that name and type. */
type EveryRunbookHasItsWorkflow = {
  [N in RunbookName]: (typeof workflows)[N] extends RunbookFn<N> ? true : never;
};
export const registered: EveryRunbookHasItsWorkflow = { forecastObject: true, ingestVfs: true, provisionObject: true };
