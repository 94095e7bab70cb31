import { workflowInfo } from '@temporalio/workflow';
import type { Failed } from '../../activities/copy';
import type { ItemDigest } from '../../contract/capabilities/copy';
import type { Input } from '../../contract/runbooks';
import { grouped } from '../../planning/grouped';
import type { IngestionPlan } from '../../planning/ingestion/plan';
import type { Cargo } from '../../planning/ingestion/shipments';
import { differing } from '../../planning/ingestion/verification';
import { slow } from '../kit/proxies';
import { refuse } from '../kit/render';

/** Both sides of an ingestion side by side, as they are on disk. Files that could not be sent are left out of it. */
export class Comparison {
  /** Items that differed at the last comparison. */
  off: string[] = [];
  verified = 0;
  storedBytes = 0;
  /** Items whose stored content was read back and was right, each with how it looked then, content left out. */
  private readonly readBackItems = new Map<string, string>();
  /** Prefix of jobs that only look: after a reset they must look anew. */
  private readonly looks = `${workflowInfo().workflowId}/${workflowInfo().runId.slice(-12)}`;
  private readonly cargo: readonly Cargo[];

  /** `round` numbers the jobs of the run, so that no two looks have one id. */
  constructor(
    private readonly input: Input<'ingestVfs'>,
    private readonly plan: IngestionPlan,
    private readonly round: () => number,
  ) {
    this.cargo = plan.placement;
  }

  /** Reads all content on both sides, and keeps in mind what was right. */
  async readBack(failures: readonly Failed[]): Promise<void> {
    const off = new Set(differing(...(await this.digests(this.cargo, true, failures))));
    const [, looks] = await this.digests(this.cargo, false, failures);
    this.readBackItems.clear();
    for (const { item, digest } of looks) if (!off.has(item)) this.readBackItems.set(item, digest);
  }

  /** Refuses where the sides differ. Content is read again only of what changed since it was read back. */
  async compare(failures: readonly Failed[]): Promise<void> {
    const [source, target] = await this.digests(this.cargo, false, failures);
    const unread = target.filter(({ item, digest }) => this.readBackItems.get(item) !== digest).map(({ item }) => item);
    const off = new Set(differing(source, target));
    if (this.input.verify === 'content' && unread.length > 0) {
      const cargo = this.cargo.filter(({ item }) => unread.includes(item));
      for (const item of differing(...(await this.digests(cargo, true, failures)))) off.add(item);
    }
    this.off = [...off];
    this.verified = this.cargo.length - off.size;
    this.storedBytes = target.reduce((sum, { bytes }) => sum + bytes, 0);
    if (off.size > 0)
      throw refuse('NotVerified', {
        differing: off.size,
        total: this.cargo.length,
        from: this.plan.from,
        to: `${this.plan.to} (${this.off.slice(0, 5).join(', ')})`,
      });
  }

  /** Both sides' digests of some items; with `content` every byte is read on both. */
  private async digests(
    cargo: readonly Cargo[],
    content: boolean,
    failures: readonly Failed[],
  ): Promise<[ItemDigest[], ItemDigest[]]> {
    const round = this.round();
    const { include, exclude } = this.input;
    const ask = (fsvm: string, items: string[], owners: boolean) =>
      slow.digestItems({
        store: this.plan.stores[fsvm]!,
        items,
        filters: { include, exclude },
        content,
        owners,
        except: failures.map(({ path, phase }) => ({ path, below: phase === 'list' || phase === 'read' })),
        job: `${this.looks}/digest-${round}/${fsvm}/${owners ? 'owners' : 'no-owners'}`,
      });
    const side = async (key: 'from' | 'to') => {
      const owned = (c: Cargo) => !this.plan.unprivileged.includes(c.to);
      const groups = [...grouped(cargo, (c) => `${c[key]}\n${owned(c)}`).values()];
      const found = await Promise.all(
        groups.map((held) =>
          ask(
            held[0]![key],
            held.map(({ item }) => item),
            owned(held[0]!),
          ),
        ),
      );
      return found.flat();
    };
    return Promise.all([side('from'), side('to')]);
  }
}
