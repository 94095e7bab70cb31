import { withoutNext } from '../../contract/errors';
import type { MayYetBe } from '../../planning/failover/mayYetBe';
import { unsafe } from '../../planning/failover/secured';
import { wayMs, type ArmedOrders } from './armedOrders';
import { said } from '../said';

/** How long a fence may take: a lost host, and one whose agent answers, ms. */
const within = { lost: 150, there: 3_000 };

/** Makes sure that members accept nothing any more. */
export class ArmedFencing {
  /** What proves that the old primary is dead. */
  proof: string[] = [];

  constructor(private readonly orders: ArmedOrders) {}

  /** Why nobody may be promoted, since it was not fenced; or nothing. */
  async fenceOld({ answers, sealed }: { answers: boolean; sealed: boolean }): Promise<string | undefined> {
    const { orders } = this;
    const { primary } = orders.plan;
    const fenced = await this.fence(primary, answers ? within.there : within.lost);
    if ('proof' in fenced) {
      this.proof = fenced.proof;
      orders.did(`${primary} was fenced`);
      return undefined;
    }
    const { why } = fenced;
    const doubt = unsafe({ policy: orders.terms.fence, fenced: false, why, sealed });
    orders.did(`${primary} was not fenced${doubt === undefined ? ', which is safe' : ''}: ${why}`);
    return doubt;
  }

  /** Whether it is proven that who was not promoted does not become the primary later. */
  async keepDown(member: string, may: Exclude<MayYetBe, 'no'>): Promise<boolean> {
    const fenced = await this.fence(member, within.there);
    if ('proof' in fenced) {
      this.orders.did(`${member} was fenced, so that it does not become the primary later`);
      return true;
    }
    const so =
      may === 'unheard' ? '; it may never have heard that it was to be promoted, and no route leads to it' : '';
    this.orders.did(`${member} may still become the primary, and was not fenced: ${fenced.why}${so}`);
    return false;
  }

  private async fence(member: string, deadlineMs: number): Promise<{ proof: string[] } | { why: string }> {
    const { lease, plan } = this.orders;
    const order = { endpoint: plan.endpoint, lease, deadlineMs };
    const answer = await said(this.orders.role(member).fence(order), deadlineMs + wayMs);
    return 'value' in answer ? { proof: answer.value.proof } : { why: withoutNext(answer.why) };
  }
}
