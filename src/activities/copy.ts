import type { CopyInput, ItemDigest, Sent } from '../contract/capabilities/copy';
import type { Store } from '../contract/capabilities/files';
import type { Lease } from '../contract/operations';
import { counted } from '../contract/amounts';
import type { Hands } from '.';
import { supervise } from './supervise';

/** A file that could not be sent. */
export interface Failed {
  fsvm: string;
  path: string;
  phase: string;
  why: string;
}

/** The same piece of work has the same id over retries and resets. */
export interface Work {
  job: string;
}
export type Consignment = Required<CopyInput<'send'>> & Work;

export const copyActivities = ({ agent }: Hands) => ({
  /** Has one FSVM send items to another; what was sent before is not sent again. */
  async sendItems({ job, ...input }: Consignment): Promise<Sent> {
    const what = `Send ${counted(input.items.length, 'item')} from ${input.from.fsvm} to ${input.to.fsvm}`;
    return supervise(input.from.host, what, job, (context) => agent(input.from.host).copy.send(input, context), {
      keeps: true,
    });
  },

  /** What some items are, on disk, in a digest each. */
  async digestItems(input: CopyInput<'digest'> & Work): Promise<ItemDigest[]> {
    const { job, ...look } = input;
    const what = `${input.content ? 'Read back' : 'Look at'} ${counted(input.items.length, 'item')} on ${input.store.fsvm}`;
    const { items } = await supervise(input.store.host, what, job, (context) =>
      agent(input.store.host).copy.digest(look, context),
    );
    return items;
  },

  /** Nothing of that work goes on at a host any more, whether or not somebody stands beside it. */
  async stopJobs({ host, ...which }: { host: string; under: string; lease: Lease }): Promise<{ stopped: number }> {
    return agent(host).host.stopJobs(which);
  },

  /** Removes what an unfinished ingestion stored; `left` is not ours. */
  async discardItems({
    job,
    ...input
  }: {
    store: Store;
    items: string[];
    lease: Lease;
    job: string;
  }): Promise<{ removed: number; left: string[] }> {
    return supervise(
      input.store.host,
      `Remove ${counted(input.items.length, 'item')} from ${input.store.fsvm}`,
      job,
      (context) => agent(input.store.host).copy.discard(input, context),
    );
  },

  /** The next pass of these items looks at everything again. */
  async forgetItems(input: { from: Store; to: Store; items: string[]; lease: Lease }): Promise<void> {
    await agent(input.from.host).copy.forget(input);
  },

  /** What could not be sent from one FSVM to another, with phase and reason: the first thousand. */
  async listFailures(input: { from: Store; to: Store }): Promise<Failed[]> {
    const { failures } = await agent(input.from.host).copy.failures({ ...input, after: 0, limit: 1_000 });
    return failures.map((failure) => ({ fsvm: input.from.fsvm, ...failure }));
  },

  async limitRate({ host, ...bound }: CopyInput<'limit'> & { host: string }): Promise<void> {
    await agent(host).copy.limit(bound);
  },
});
