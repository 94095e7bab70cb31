import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { WorkflowIdConflictPolicy, WorkflowNotFoundError } from '@temporalio/client';
import { log } from '@temporalio/activity';
import type { Notice } from '../contract/notices';
import { taskQueue } from '../contract/runbooks';
import type { LeaseRequest } from '../workflows/kit/messages';
import type { Hands } from '.';

/** A hook that hangs must not hold a run for long. */
const hookDeadlineMs = 5_000;

export const controlActivities = ({ fleet, temporal }: Hands) => ({
  /** Asks the lease of a target, which answers the run by signal when its turn has come. */
  async requestLease({ target, request }: { target: string; request: LeaseRequest }): Promise<void> {
    await temporal.workflow.signalWithStart('lease', {
      workflowId: `lease/${target}`,
      taskQueue: taskQueue(),
      args: [{ target, epoch: 0, queue: [] }],
      signal: 'leaseRequested',
      signalArgs: [request],
      workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
      staticSummary: `Lease of ${target}: one run at a time`,
    });
  },

  /** Is this very run still there, be it reset meanwhile? A run that was terminated gives nothing back by itself. */
  async isRunning({ holder, runId }: { holder: string; runId: string }): Promise<boolean> {
    try {
      const { status, raw, runId: now } = await temporal.workflow.getHandle(holder).describe();
      return status.name === 'RUNNING' && (runId === now || raw.workflowExecutionInfo?.firstRunId === runId);
    } catch (error) {
      if (error instanceof WorkflowNotFoundError) return false;
      throw error;
    }
  },

  /** Tells people what waits for them. A notice that cannot be delivered is logged and never stops a run. */
  async notify(notice: Notice): Promise<void> {
    const { notify } = fleet();
    await Promise.all([
      notify?.webhook !== undefined && delivered('webhook', () => post(notify.webhook!, notice)),
      notify?.exec && delivered('exec', () => run(notify.exec!, notice)),
    ]);
  },
});

async function delivered(how: string, deliver: () => Promise<void>): Promise<void> {
  try {
    await deliver();
  } catch (error) {
    log.warn('a notice was not delivered', { how, error });
  }
}

async function post(url: string, notice: Notice): Promise<void> {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(notice),
    signal: AbortSignal.timeout(hookDeadlineMs),
  });
  if (!response.ok) throw new Error(`the webhook answered ${response.status}`);
}

async function run([command, ...args]: string[], notice: Notice): Promise<void> {
  const hook = spawn(command!, args, { stdio: ['pipe', 'ignore', 'ignore'], timeout: hookDeadlineMs });
  const ended = once(hook, 'exit');
  hook.stdin.on('error', (error) => log.warn('the notice hook did not read its notice', { error }));
  hook.stdin.end(JSON.stringify(notice));
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`the hook ended with ${code ?? 'a signal'}`);
}
