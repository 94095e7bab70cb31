import type { ArmedPlan } from '../../contract/armed';
import type { Lease } from '../../contract/operations';
import type { Deed } from '../../contract/sights';
import type { EndpointTerms } from '../../planning/failover/facts';
import type { Host } from '../host';

/** What another host is given beyond its own deadline, ms. */
export const wayMs = 250;

/** The orders of one armed plan: to whom they go, under which epoch, and what is told of them. */
export class ArmedOrders {
  readonly acts: Deed['acts'] = [];
  readonly lease: Lease;

  constructor(
    private readonly host: Host,
    readonly plan: ArmedPlan,
    readonly terms: EndpointTerms,
    private readonly sinceMs: number,
  ) {
    this.lease = { target: plan.endpoint, epoch: plan.epoch };
  }

  did(what: string): void {
    this.acts.push({ afterMs: Math.max(0, Date.now() - this.sinceMs), what });
  }

  member(name: string): EndpointTerms['members'][string] {
    return this.terms.members[name]!;
  }

  role(member: string) {
    return this.host.peer(this.member(member).host, 'role');
  }

  traffic(forwarder: string) {
    return this.host.peer(this.terms.forwarders[forwarder]!.host, 'traffic');
  }
}
