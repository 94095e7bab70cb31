import { withoutNext } from '../../contract/errors';
import type { ArmedOrders } from './armedOrders';
import { said } from '../said';

/** How long a change in a kernel may take, and freeing the clients of a forwarder, ms. */
const within = { kernel: 1_000, free: 5_000 };

/** The routes of the endpoint that an armed plan moves. */
export class ArmedRoutes {
  private readonly closed: string[] = [];

  constructor(private readonly orders: ArmedOrders) {}

  /** Why it must not go on, or nothing. A forwarder under another epoch was changed by somebody else: this agent stops. */
  async close(reject: string): Promise<string | undefined> {
    const { orders } = this;
    const { endpoint, from } = orders.plan;
    const reasons: string[] = [];
    await each(Object.keys(from), async (forwarder) => {
      const order = { endpoint, from: from[forwarder]!, lease: orders.lease, reject: [reject] };
      const answer = await said(orders.traffic(forwarder).close(order), within.kernel);
      if ('value' in answer) this.closed.push(forwarder);
      else if (answer.code === 'EpochMoved' || answer.code === 'StaleEpoch')
        reasons.push(`somebody else has changed the route on ${forwarder}`);
      else orders.did(`${forwarder} did not close ${endpoint}: ${answer.why}`);
    });
    if (this.closed.length === 0 && reasons.length === 0) reasons.push('no forwarder closed');
    if (this.closed.length > 0) orders.did(`${this.closed.toSorted().join(' and ')} closed ${endpoint}`);
    return reasons[0];
  }

  /** Whether any forwarder leads to the member now. */
  async open(member: string): Promise<boolean> {
    const { orders } = this;
    const { endpoint, epoch } = orders.plan;
    const { address, port } = orders.member(member);
    const opened: string[] = [];
    await each(this.closed, async (forwarder) => {
      const order = { endpoint, lease: orders.lease, to: { address, port } };
      const answer = await said(orders.traffic(forwarder).open(order), within.kernel);
      if ('value' in answer) opened.push(forwarder);
      else orders.did(`${forwarder} did not open ${endpoint}: ${withoutNext(answer.why)}`);
    });
    if (opened.length > 0)
      orders.did(`${opened.toSorted().join(' and ')} opened ${endpoint} to ${member} under epoch ${epoch}`);
    return opened.length > 0;
  }

  /** Cuts the clients that still wait for the old primary. */
  async free(address: string): Promise<{ found: number; left: number }> {
    const { orders } = this;
    const { endpoint, primary } = orders.plan;
    const cut = { found: 0, left: 0 };
    await each(this.closed, async (forwarder) => {
      const answer = await said(orders.traffic(forwarder).free({ endpoint, address }), within.free);
      if (!('value' in answer)) return orders.did(`${forwarder} freed nobody: ${withoutNext(answer.why)}`);
      cut.found += answer.value.found;
      cut.left += answer.value.left;
    });
    orders.did(`${cut.found} clients that still waited for ${primary} were cut`);
    return cut;
  }
}

async function each(forwarders: readonly string[], act: (forwarder: string) => Promise<void>): Promise<void> {
  await Promise.all(forwarders.map(act));
}
