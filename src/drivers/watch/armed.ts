import type { Observation } from '../../contract/sights';
import { judgeArmed } from '../../planning/failover/armed';
import type { CapabilityOf, Host } from '../host';
import type { ArmedBook } from './armedBook';
import { badPlan, refuseForged } from './seal';

type Armed = Pick<CapabilityOf<'watch'>, 'arm' | 'disarm' | 'claim'>;

/** Takes, gives up and grants plans that the agents may carry out while Temporal is down. */
export function armed(host: Host, book: ArmedBook, seen: (target: string) => Observation): Armed {
  return {
    arm: async ({ target, lease, plan }) => {
      const { spent } = book.of(target);
      const nowMs = Date.now();
      const bad = (why: string) => badPlan(target, why);
      if (plan.endpoint !== target) throw bad(`it is one of ${plan.endpoint}`);
      if (plan.epoch !== lease.epoch || lease.target !== target) throw bad('it came under another lease');
      if (!host.endpoints[target]?.armed) throw bad(`the fleet file of ${host.name} does not arm it`);
      if (!plan.observers.some((one) => one.host === host.name)) throw bad(`${host.name} is no observer of it`);
      refuseForged(plan, host.trust, nowMs);
      if (plan.epoch <= spent) throw bad('it was used or taken back before');
      if (plan.expiresAtMs <= nowMs) throw bad('it has expired');
      book.hold(target, plan);
      return { until: new Date(plan.expiresAtMs).toISOString() };
    },
    disarm: async ({ target, lease }) => {
      const was = (book.of(target).plan?.epoch ?? Infinity) <= lease.epoch;
      book.spend(target, lease.epoch);
      return { was };
    },
    claim: async ({ target, lease, by }) => {
      const no = (why: string) => ({ granted: false, why });
      const { plan, spent, granted } = book.of(target);
      const entry = host.endpoints[target];
      if (!entry || plan?.epoch !== lease.epoch) return no('it holds no such plan');
      if (!plan.observers.some(({ host: one }) => one === by)) return no(`${by} is no observer of it`);
      if (lease.epoch <= spent) return no('it was used or taken back before');
      if (granted?.epoch === lease.epoch) return claimed(granted.by, by);
      if (plan.expiresAtMs <= Date.now()) return no('it has expired');
      if (judgeArmed(plan, entry, [seen(target)]).down === 0) return no(`${host.name} does not miss the primary`);
      book.grant(target, lease.epoch, by);
      return { granted: true };
    },
  };
}

const claimed = (has: string, by: string) => (has === by ? { granted: true } : { granted: false, has });
