import type { RunbookFn, RunbookName } from '../contract/runbooks';
import type * as workflows from '../workflows';

/** Does not compile unless every runbook of the contract has a workflow of that name and type. */
type EveryRunbookHasItsWorkflow = {
  [N in RunbookName]: (typeof workflows)[N] extends RunbookFn<N> ? true : never;
};
export const registered: EveryRunbookHasItsWorkflow = {
  failOverEndpoint: true,
  failOverProxy: true,
  forecastObject: true,
  guardEndpoint: true,
  guardProxies: true,
  ingestVfs: true,
  provisionObject: true,
  rejoinStandby: true,
  replaceForwarder: true,
  switchOverEndpoint: true,
};
