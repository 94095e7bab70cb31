import type { RoleInput } from '../contract/capabilities/role';
import type { CapabilityOf } from '../drivers/host';
import type { Hands } from '.';
import { beating, supervise } from './supervise';
import { within } from './within';

type Role = CapabilityOf<'role'>;
type Answer<N extends keyof Role> = Awaited<ReturnType<Role[N]>>;
type At = { host: string };

/** What an agent is given beyond its own deadline, ms: the way there and back, and no more than as much again. */
const wayMs = 250;

/** `waits`: why commits on it may still wait for a standby. */
export type Promoted = Answer<'promote'> & { waits?: string };

export const roleActivities = ({ agent }: Hands) => ({
  async lookAtMember({ host, ...asked }: RoleInput<'status'> & At): Promise<Answer<'status'>> {
    return beating(host, `Look at ${asked.endpoint} on ${host}`, () => agent(host).role.status(asked));
  },

  /** Makes a checkpoint, so that the stop that follows is short. */
  async checkpointMember({ host, endpoint }: RoleInput<'checkpoint'> & At): Promise<Answer<'checkpoint'>> {
    return beating(host, 'Make a checkpoint', () => agent(host).role.checkpoint({ endpoint }));
  },

  /** Makes sure that a member accepts nothing any more; the answer says what proves it. */
  async fenceMember({ host, ...order }: RoleInput<'fence'> & At): Promise<Answer<'fence'>> {
    return beating(host, `Fence ${order.endpoint} on ${host}`, () =>
      within(order.deadlineMs + Math.min(wayMs, order.deadlineMs), host, agent(host).role.fence(order)),
    );
  },

  /** Stops a primary cleanly. */
  async demoteMember({ host, ...order }: RoleInput<'demote'> & At): Promise<Answer<'demote'>> {
    return beating(host, `Stop ${order.endpoint} on ${host}`, () => agent(host).role.demote(order));
  },

  /** Starts a demoted primary again, as long as nobody else was promoted. */
  async reinstateMember({ host, ...order }: RoleInput<'reinstate'> & At): Promise<Answer<'reinstate'>> {
    return beating(host, `Start ${order.endpoint} on ${host} again`, () => agent(host).role.reinstate(order));
  },

  /** Makes a standby the primary. Commits wait for nobody from then on, until other standbys follow it: else they would hang. */
  async promoteMember({ host, ...order }: RoleInput<'promote'> & At): Promise<Promoted> {
    return beating(host, `Promote ${order.endpoint} on ${host}`, async () => {
      const promoted = await agent(host).role.promote(order);
      try {
        await agent(host).role.setSynchronous({ endpoint: order.endpoint, lease: order.lease, members: [] });
        return promoted;
      } catch (error) {
        // It is the primary all the same: that commits may hang is the next thing to mend, and no reason to promote another.
        return { ...promoted, waits: error instanceof Error ? error.message : String(error) };
      }
    });
  },

  async setSynchronous({ host, ...order }: RoleInput<'setSynchronous'> & At): Promise<Answer<'setSynchronous'>> {
    return beating(host, 'Set whom commits wait for', () => agent(host).role.setSynchronous(order));
  },

  async followPrimary({ host, ...order }: RoleInput<'follow'> & At): Promise<Answer<'follow'>> {
    return beating(host, `Follow ${order.primary}`, () => agent(host).role.follow(order));
  },

  /** The commits that a former primary had and the new one never got. */
  async countLostCommits({ host, ...asked }: RoleInput<'lost'> & At): Promise<Answer<'lost'>> {
    return beating(host, 'Read its WAL past the fork', () => within(20_000, host, agent(host).role.lost(asked)));
  },

  /** A job: rewinds a former primary and lets it follow. */
  async rejoinMember({ host, job, ...order }: RoleInput<'rejoin'> & At & { job: string }): Promise<Answer<'rejoin'>> {
    return supervise(host, `Let ${host} rejoin`, job, (context) => agent(host).role.rejoin(order, context));
  },
});
