import {
  allHandlersFinished,
  condition,
  continueAsNew,
  getExternalWorkflowHandle,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';
import { leaseGranted, leaseQueued, leaseRequested, leaseReturned, type LeaseRequest } from './kit/messages';
import { control } from './kit/proxies';

interface LeaseState {
  target: string;
  /** The last epoch that was granted. It only grows; agents refuse a lower one. */
  epoch: number;
  holder?: LeaseRequest;
  /** `told`: it knows behind whom it waits. */
  queue: (LeaseRequest & { told?: string })[];
}

/** A run that was terminated gives nothing back: as long as somebody waits, the holder is looked at this often. */
const lookEvery = '10s';

const same = (a: { holder: string; runId: string }, b: { holder: string; runId: string }) =>
  a.holder === b.holder && a.runId === b.runId;

/** One target, one run at a time, each under an epoch of its own. Lives as long as the target. */
export async function lease(state: LeaseState): Promise<void> {
  setHandler(leaseRequested, (request) => {
    const known = [...(state.holder ? [state.holder] : []), ...state.queue].some((other) => same(other, request));
    if (!known) state.queue.push(request);
  });
  setHandler(leaseReturned, (run) => {
    if (state.holder && same(state.holder, run)) delete state.holder;
    state.queue = state.queue.filter((request) => !same(request, run));
  });
  while (!workflowInfo().continueAsNewSuggested) {
    await condition(() => state.queue.length > 0);
    if (state.holder) await waitForHolder(state, state.holder);
    if (!state.holder) await grantNext(state);
  }
  await condition(allHandlersFinished);
  await continueAsNew<typeof lease>(state);
}

async function waitForHolder(state: LeaseState, holder: LeaseRequest): Promise<void> {
  const behind = holder.holder;
  const untold = state.queue.filter((request) => request.told !== holder.runId);
  for (const request of untold) request.told = holder.runId;
  await Promise.all(
    untold.map((request) => tell(request, () => run(request).signal(leaseQueued, { target: state.target, behind }))),
  );
  const waiting = state.queue.length;
  if (!(await control.isRunning(holder))) {
    if (state.holder === holder) delete state.holder;
    return;
  }
  await condition(() => state.holder !== holder || state.queue.length > waiting, lookEvery);
}

async function grantNext(state: LeaseState): Promise<void> {
  const next = state.queue.shift();
  if (!next) return;
  const epoch = Math.max(state.epoch, next.atLeast) + 1;
  // Its holder before it is told: it may give the lease back before we hear that it was told.
  state.epoch = epoch;
  state.holder = next;
  const told = await tell(next, () =>
    run(next).signal(leaseGranted, { target: state.target, epoch, runId: next.runId }),
  );
  if (!told && state.holder === next) delete state.holder;
}

const run = ({ holder }: LeaseRequest) => getExternalWorkflowHandle(holder);

/** False when the run has ended meanwhile: the lease then goes to the next one. */
async function tell(request: LeaseRequest, signal: () => Promise<void>): Promise<boolean> {
  try {
    await signal();
    return true;
  } catch (error) {
    if (await control.isRunning(request)) throw error;
    return false;
  }
}
