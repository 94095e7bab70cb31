import { log } from '@temporalio/activity';
import type { ArmedTerms } from '../contract/armed';
import { Refusal, whyOf } from '../contract/errors';
import { sealPlan } from '../drivers/watch/seal';
import { majorityOf } from '../planning/failover/verdict';
import type { Hands } from '.';
import { beating } from './supervise';
import { within } from './within';

/** How long an observer may take to write a plan to its disk, ms. */
const armMs = 3_000;

/** Which observers hold the plan, and which do not, with the reason. */
export interface Held {
  by: string[];
  not: { host: string; why: string }[];
}

export const armingActivities = (hands: Hands) => ({
  /** Signs a plan, and puts it at every observer. The key stays here: no history ever has it. */
  async armEndpoint({ plan, expires }: { plan: ArmedTerms; expires: number }): Promise<Held> {
    return beating(plan.endpoint, `Arm ${plan.endpoint}`, () => arm(hands, plan, expires));
  },

  /** Lets every observer throw the plan away, and any older one. */
  async disarmEndpoint({ endpoint, epoch, observers }: Disarming): Promise<Held> {
    return beating(endpoint, `Disarm ${endpoint}`, () =>
      ask(observers, async (host) => {
        await hands.agent(host).watch.disarm({ target: endpoint, lease: { target: endpoint, epoch } });
      }),
    );
  },
});

export interface Disarming {
  endpoint: string;
  epoch: number;
  observers: string[];
}

/** Refused unless a majority of the observers holds it: fewer could never use it. */
export async function arm({ agent, fleet, token }: Hands, plan: ArmedTerms, expires: number): Promise<Held> {
  const { tls } = fleet();
  const trust = { ...(token !== undefined && { token }), ...(tls && { tls }) };
  const sealed = sealPlan(plan, Date.now() + expires, trust);
  const { endpoint: target, epoch, observers } = plan;
  const held = await ask(
    observers.map(({ host }) => host),
    async (host) => {
      await agent(host).watch.arm({ target, lease: { target, epoch }, plan: sealed });
    },
  );
  for (const { host, why } of held.not) log.warn('an observer does not hold the armed plan', { host, why });
  if (held.by.length >= majorityOf(observers.length)) return held;
  const why = held.not.map((one) => `${one.host}: ${one.why}`).join('; ');
  throw new Refusal('BadPlan', { name: target, why: `too few observers took it: ${why}` });
}

async function ask(hosts: readonly string[], act: (host: string) => Promise<void>): Promise<Held> {
  const held: Held = { by: [], not: [] };
  await Promise.all(
    hosts.map(async (host) => {
      try {
        await within(armMs, host, act(host));
        held.by.push(host);
      } catch (error) {
        held.not.push({
          host,
          why: whyOf(error),
        });
      }
    }),
  );
  return held;
}
