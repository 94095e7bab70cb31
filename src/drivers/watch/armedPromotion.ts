import { withoutNext, type ErrorCode } from '../../contract/errors';
import { mayYetBe } from '../../planning/failover/mayYetBe';
import type { ArmedFencing } from './armedFencing';
import { wayMs, type ArmedOrders } from './armedOrders';
import { said } from '../said';

/** How long a promotion may take, and the setting after it, ms. */
const within = { promote: 10_000, set: 3_000 };

/** The member that was promoted; or why none was. */
export type Promoted = { to: string; timeline: number } | { not: string };

/** Makes one of the candidates the primary. */
export class ArmedPromotion {
  /** Who was told to be promoted, may still become the primary, and is not proven to be kept down. */
  readonly open: string[] = [];

  constructor(
    private readonly orders: ArmedOrders,
    private readonly fencing: ArmedFencing,
  ) {}

  /** The first; the next one when it fails, and cannot become the primary after it. */
  async promote(candidates: readonly string[]): Promise<Promoted> {
    for (const member of candidates) {
      const promoted = await this.promoteOne(member);
      if ('timeline' in promoted) return { to: member, timeline: promoted.timeline };
      const may = mayYetBe(promoted.code);
      if (may === 'no' || (await this.fencing.keepDown(member, may))) continue;
      this.open.push(member);
      // A host that is out of reach may never have heard the order; no route leads to it.
      if (may === 'yes') return { not: `${member} may still become the primary, and could not be fenced` };
    }
    return { not: 'no standby could be promoted' };
  }

  /** Commits wait for nobody until others follow: else they would hang. */
  private async promoteOne(member: string): Promise<{ timeline: number } | { code?: ErrorCode }> {
    const { orders } = this;
    const { lease, plan } = orders;
    const { endpoint } = plan;
    const role = orders.role(member);
    const order = { endpoint, lease, deadlineMs: within.promote, adopt: true };
    const promoted = await said(role.promote(order), within.promote + wayMs);
    if (!('value' in promoted)) {
      orders.did(`${member} was not promoted: ${withoutNext(promoted.why)}`);
      return promoted;
    }
    const set = await said(role.setSynchronous({ endpoint, lease, members: [] }), within.set);
    orders.did(
      `${member} was promoted${'value' in set ? '' : `, and its commits may wait for others: ${withoutNext(set.why)}`}`,
    );
    return { timeline: promoted.value.timeline };
  }
}
