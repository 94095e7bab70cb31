import { condition, getExternalWorkflowHandle, patched, setHandler, workflowInfo } from '@temporalio/workflow';
import type { Lease } from '../../contract/operations';
import { leaseGranted, leaseQueued, leaseReturned } from './messages';
import { control } from './proxies';

/** Whoever waits longer than this for another run may wait for a person, ms. */
const patienceMs = 5_000;

export const leaseId = (target: string): string => `lease/${target}`;

/** What two runs must not touch at once, taken in the order of their names so that no two runs wait for each other. */
export class Leases {
  readonly held: Lease[] = [];
  /** Another run held a target when this one asked for it: what was seen before is no ground to stand on. */
  queued = false;
  /** Who has the target that this run waits for. */
  behind: string | undefined;

  constructor() {
    setHandler(leaseGranted, ({ target, epoch, runId }) => {
      // Meant for an earlier run of the same id: that one has ended.
      if (runId !== workflowInfo().firstExecutionRunId) return;
      if (!this.held.some((lease) => lease.target === target)) this.held.push({ target, epoch });
    });
    setHandler(leaseQueued, ({ target, behind }) => {
      this.behind = `${target} is held by ${behind}`;
      this.queued = true;
    });
  }

  /**
   * Waits until this run holds every target. `atLeast`: the highest epoch that their hosts have seen. `tell`: for people, when
   * another run keeps it waiting.
   */
  async take(targets: readonly string[], atLeast: number, tell: (behind: string) => Promise<void>): Promise<void> {
    const { workflowId: holder, firstExecutionRunId: runId } = workflowInfo();
    for (const target of [...new Set(targets)].sort()) {
      const known = this.held.find((lease) => lease.target === target);
      if (known && known.epoch <= atLeast) await this.giveBack([target]); // its hosts have seen a newer one
      // One after the other: the order of the names is what prevents a deadlock.
      await control.requestLease({ target, request: { holder, runId, atLeast } });
      await this.granted(target, tell);
      this.behind = undefined;
    }
  }

  private async granted(target: string, tell: (behind: string) => Promise<void>): Promise<void> {
    const granted = () => this.held.some((lease) => lease.target === target);
    await condition(() => granted() || this.behind !== undefined);
    if (granted()) return;
    // Not waited for: a hook that hangs must not keep a failover from its turn.
    if (patched('whoever-waits-long-says-so') && !(await condition(granted, patienceMs)))
      tell(this.behind!).catch(() => undefined);
    await condition(granted);
  }

  of(target: string): Lease {
    const lease = this.held.find((held) => held.target === target);
    if (!lease) throw new Error(`this run holds no lease of ${target}`);
    return lease;
  }

  /**
   * An epoch that no run is given: the lease is taken and given back at once. Undefined when another run holds it for longer
   * than that; then nobody waits for it any more.
   */
  async reserve(target: string, atLeast: number, waitMs: number): Promise<number | undefined> {
    const { workflowId: holder, firstExecutionRunId: runId } = workflowInfo();
    const found = () => this.held.find((lease) => lease.target === target);
    this.forget(target); // granted when nobody waited for it any more
    await control.requestLease({ target, request: { holder, runId, atLeast } });
    await condition(() => found() !== undefined, waitMs);
    const epoch = found()?.epoch;
    this.behind = undefined;
    await this.giveBack([target]);
    return epoch;
  }

  async giveBack(targets = this.held.map(({ target }) => target)): Promise<void> {
    const { workflowId: holder, firstExecutionRunId: runId } = workflowInfo();
    for (const target of targets) {
      this.forget(target);
      await getExternalWorkflowHandle(leaseId(target)).signal(leaseReturned, { holder, runId });
    }
  }

  private forget(target: string): void {
    const index = this.held.findIndex((lease) => lease.target === target);
    if (index >= 0) this.held.splice(index, 1);
  }
}
