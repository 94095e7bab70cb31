import type { Client } from '@temporalio/client';
import { taskQueue } from '../contract/runbooks';
import { askTemporal } from './said';

/** A worker that asked for work within the last minute. */
export interface WorkerFacts {
  identity: string;
  /** Undefined where it does not tell: it is older than this question. */
  version?: string;
}

/** How a worker calls itself to Temporal. */
export const workerIdentity = (pid: number, host: string, version: string): string =>
  `worker/${pid}@${host} ${version}`;

/** A poll for work takes a minute; who has not asked for longer is gone. */
const lastAskedMs = 70_000;

export async function listWorkers(client: Client): Promise<WorkerFacts[]> {
  const { pollers } = await askTemporal({ client, id: '', what: 'list the workers' }, () =>
    client.workflowService.describeTaskQueue({
      namespace: client.options.namespace,
      taskQueue: { name: taskQueue() },
      taskQueueType: workflowTasks,
    }),
  );
  return (pollers ?? [])
    .filter(({ lastAccessTime }) => Date.now() - Number(lastAccessTime?.seconds ?? 0) * 1000 < lastAskedMs)
    .map(({ identity }) => {
      const [who = '', version] = (identity ?? '').split(' ');
      return { identity: who, ...(version !== undefined && { version }) };
    });
}

type Asked = Parameters<Client['workflowService']['describeTaskQueue']>[0];

/** TASK_QUEUE_TYPE_WORKFLOW */
const workflowTasks = 1 as unknown as NonNullable<Asked['taskQueueType']>;
