import { log } from '@temporalio/workflow';
import { withoutNext } from '../../contract/errors';
import type { EndpointTerms } from '../../planning/failover/facts';
import type { MayYetBe } from '../../planning/failover/mayYetBe';
import type { FailoverPlan } from '../../planning/failover/plan';
import { unsafe } from '../../planning/failover/secured';
import { swift } from '../kit/proxies';
import { codeOf, reasonOf } from '../kit/render';
import type { Runbook } from '../kit/runbook';

/** How long a fence may take: where a host is lost, its clients wait for nothing. ms. */
const fenceMs = { lost: 100, there: 3_000 };
const powerMs = 20_000;

/** Makes sure that members accept nothing any more. */
export class Fencing {
  /** What proves that the old primary is dead. */
  proof: string[] = [];

  constructor(
    private readonly book: Runbook,
    private readonly terms: EndpointTerms,
    private readonly plan: FailoverPlan,
  ) {}

  /** Why it could not be proven dead, or nothing. */
  async fenceOld(): Promise<string | undefined> {
    const { primary, hostLost } = this.plan;
    try {
      this.proof = await this.fence(primary, hostLost ? fenceMs.lost : fenceMs.there);
      return undefined;
    } catch (error) {
      if (codeOf(error) === 'StaleEpoch') throw error;
      log.warn('the old primary was not fenced', { why: reasonOf(error) });
      return short(error);
    }
  }

  /** Where nothing else makes it safe to go on, its power is cut: that takes seconds, and needs a command of the fleet file. `by`: who cuts it. */
  async orByPower(why: string | undefined, by: string): Promise<string | undefined> {
    const { endpoint, primary } = this.plan;
    if (this.doubt(why) === undefined || !this.terms.members[primary]!.powered) return why;
    const lease = this.book.leaseOf(endpoint);
    try {
      const order = { host: by, target: endpoint, member: primary, lease, deadlineMs: powerMs };
      this.proof = (await swift.powerOffMember(order)).proof;
      return undefined;
    } catch (error) {
      return `${why}; ${short(error)}`;
    }
  }

  /** Why somebody has to say yes before another one is promoted, since it was not fenced. */
  doubt(why: string | undefined): string | undefined {
    return unsafe({
      policy: this.terms.fence,
      fenced: why === undefined,
      why: why ?? '',
      sealed: this.plan.sealed,
    });
  }

  /**
   * An order to promote cannot be taken back: who may still become the primary is kept down before anybody else does. Whether
   * that is proven.
   */
  async keepDown(member: string, may: Exclude<MayYetBe, 'no'>): Promise<boolean> {
    const what = `Make sure that ${member} does not become the primary later`;
    const fence = () => this.fence(member, fenceMs.there);
    // A host that is out of reach may never have heard the order; no route leads to it.
    if (may === 'unheard') return (await this.book.attempt(what, fence)) !== undefined;
    await this.book.step(what, fence, undefined, { must: true });
    return true;
  }

  private async fence(member: string, deadlineMs: number): Promise<string[]> {
    const { endpoint } = this.plan;
    const { host } = this.terms.members[member]!;
    const lease = this.book.leaseOf(endpoint);
    return (await swift.fenceMember({ host, endpoint, lease, deadlineMs })).proof;
  }
}

const short = (error: unknown): string => withoutNext(reasonOf(error));
