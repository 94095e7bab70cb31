import { patched } from '@temporalio/workflow';
import { formatBytes } from '../../contract/amounts';
import type { IngestionPlan } from '../../planning/ingestion/plan';
import { Refusal } from '../../contract/errors';
import type { Lease } from '../../contract/operations';
import { quick } from '../kit/proxies';
import type { Runbook } from '../kit/runbook';

/** How fast each existing FSVM may send, in bytes per second; 0 is no bound. May change while the run goes on. */
export class SendRate {
  private hosts: string[] = [];
  private lease: Lease | undefined;

  constructor(public bytesPerSecond: number) {}

  /** Before it enters the history. */
  static check({ bandwidth }: Record<string, unknown>): void {
    if (typeof bandwidth !== 'number' || !Number.isFinite(bandwidth) || bandwidth < 0)
      throw new Refusal('BadInput', {
        what: `bandwidth is a number of bytes per second, and not ${JSON.stringify(bandwidth)}`,
      });
  }

  /** Sets the bound on every source; whatever happens, it is lifted when the run ends. */
  async startFor(book: Runbook, plan: IngestionPlan): Promise<void> {
    this.lease = book.leaseOf(plan.to);
    this.hosts = [...new Set(plan.placement.map(({ from }) => plan.stores[from]!.host))];
    book.atEnd(() => this.apply(0));
    if (this.bytesPerSecond > 0)
      await book.step(`Let each source send at most ${formatBytes(this.bytesPerSecond)} a second`, () =>
        this.apply(this.bytesPerSecond),
      );
    else if (patched('no-bound-is-told-too')) await this.apply(0); // a run that was terminated may have left one
  }

  async set(bytesPerSecond: number): Promise<void> {
    this.bytesPerSecond = bytesPerSecond;
    await this.apply(bytesPerSecond);
  }

  private async apply(bytesPerSecond: number): Promise<void> {
    const { lease } = this;
    if (lease) await Promise.all(this.hosts.map((host) => quick.limitRate({ host, bytesPerSecond, lease })));
  }
}
