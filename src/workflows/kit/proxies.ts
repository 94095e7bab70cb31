import { ActivityCancellationType, proxyActivities } from '@temporalio/workflow';
import type { Activities } from '../../activities';

/** Undo must not start while the step still runs, and the SDK's own default does not wait. */
const cancellationType = ActivityCancellationType.WAIT_CANCELLATION_COMPLETED;

/** A look or an act on a host: done in seconds. Retried while the host does not answer, for about five minutes. */
export const quick = proxyActivities<Activities>({
  startToCloseTimeout: '60s',
  retry: { initialInterval: '500ms', backoffCoefficient: 1.5, maximumInterval: '5s', maximumAttempts: 60 },
  cancellationType,
});

/**
 * A job on a host: hours, or days. A worker that died is noticed within seconds; the job itself goes on meanwhile. Tried
 * again as long as it advances: what stands beside the job gives up after many attempts that did not (activities/supervise).
 */
export const slow = proxyActivities<Activities>({
  startToCloseTimeout: '30d',
  heartbeatTimeout: '5s',
  retry: { initialInterval: '500ms', backoffCoefficient: 1.5, maximumInterval: '5s' },
  cancellationType,
});

/** The control plane's own acts: leases, notices. */
export const control = proxyActivities<Activities>({
  startToCloseTimeout: '15s',
  retry: { initialInterval: '200ms', backoffCoefficient: 2, maximumInterval: '5s' },
  cancellationType,
});

const forClients = {
  startToCloseTimeout: '60s',
  heartbeatTimeout: '2s',
  priority: { priorityKey: 1 },
  cancellationType,
} as const;

/**
 * An act that clients wait for. A worker that dies is noticed within two seconds and the act is tried again; a host that does
 * not answer is not asked again: what is done without it is decided by the runbook.
 */
export const swift = proxyActivities<Activities>({
  ...forClients,
  retry: {
    initialInterval: '100ms',
    backoffCoefficient: 1.5,
    maximumInterval: '1s',
    maximumAttempts: 5,
    nonRetryableErrorTypes: ['AgentUnreachable'],
  },
});

/** The same, of a run that nobody attends and that is made again later: it gives way to a failover soon. */
export const once = proxyActivities<Activities>({ ...forClients, retry: { maximumAttempts: 1 } });

/** Waits at agents for news, for hours; another worker takes over from one that dies. */
export const waiting = proxyActivities<Activities>({
  startToCloseTimeout: '2h',
  heartbeatTimeout: '3s',
  retry: { initialInterval: '500ms', backoffCoefficient: 1, maximumInterval: '1s' },
  priority: { priorityKey: 1 },
  cancellationType,
});
