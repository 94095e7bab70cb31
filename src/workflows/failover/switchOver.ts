import type { Output } from '../../contract/runbooks';
import type { EndpointTerms } from '../../planning/failover/facts';
import { bytesBetween } from '../../planning/failover/lsn';
import type { SwitchOverPlan } from '../../planning/failover/switchOver';
import { refuse } from '../kit/render';
import { swift } from '../kit/proxies';
import type { Runbook } from '../kit/runbook';
import { Routes, type Written } from './routes';

const demoteMs = 20_000;
const promoteMs = 10_000;

/** The acts of one switch-over, in the order in which its runbook calls them. Before the promotion each has its undo. */
export class SwitchOver {
  private readonly routes: Routes;
  private lsn = '';
  private closedAt = 0;
  private closedMs = 0;
  private writes: Written[] = [];

  constructor(
    private readonly book: Runbook,
    private readonly terms: EndpointTerms,
    private readonly plan: SwitchOverPlan,
  ) {
    this.routes = new Routes(book, terms, plan.close);
  }

  async checkpoint(): Promise<void> {
    const { endpoint, primary, primaryHost: host, to, toHost } = this.plan;
    await this.book.step(`Make a checkpoint on ${primary} and ${to}, so that stop and promotion are short`, () =>
      Promise.all([swift.checkpointMember({ host, endpoint }), swift.checkpointMember({ host: toHost, endpoint })]),
    );
  }

  /** Clients behind a pooler wait from here on; they see no error. */
  async hold(deadlineMs: number): Promise<void> {
    const { endpoint, pooled } = this.plan;
    if (pooled.length === 0) return;
    const names = pooled.map(({ forwarder }) => forwarder).join(' and ');
    await this.book.step(
      `Let the poolers of ${names} hold their clients`,
      () => Promise.all(pooled.map(({ host }) => swift.pausePooler({ host, endpoint, deadlineMs }))),
      () => this.letGo(),
    );
  }

  async close(): Promise<void> {
    const { endpoint, primary } = this.plan;
    const { address } = this.terms.members[primary]!;
    const close = async () => {
      await this.routes.close([address]);
      this.closedAt = Date.now();
      const [silent] = this.routes.left;
      if (silent) throw refuse('HostSilent', { host: silent[0], why: silent[1] });
    };
    await this.book.step(`Close ${endpoint} on ${this.routes.sayWho()}`, close, () => this.routes.open(primary));
  }

  async demote(): Promise<void> {
    const { endpoint, primary, primaryHost: host } = this.plan;
    const lease = this.book.leaseOf(endpoint);
    const stop = async () => {
      ({ lsn: this.lsn } = await swift.demoteMember({ host, endpoint, lease, deadlineMs: demoteMs }));
      await this.hasEverything();
    };
    await this.book.step(`Stop ${primary} cleanly, and see that ${this.plan.to} has everything`, stop, () =>
      swift.reinstateMember({ host, endpoint, lease, deadlineMs: demoteMs }),
    );
  }

  async promote(): Promise<void> {
    const { endpoint, to, toHost: host } = this.plan;
    const lease = this.book.leaseOf(endpoint);
    this.book.pointOfNoReturn();
    await this.book.step(
      `Promote ${to} on ${host}`,
      // It had everything as a standby: whoever promotes it after that loses nothing.
      () => swift.promoteMember({ host, endpoint, lease, deadlineMs: promoteMs, adopt: true }),
      undefined,
      { must: true },
    );
  }

  async open(): Promise<void> {
    const { endpoint, to, pooled } = this.plan;
    const { epoch } = this.book.leaseOf(endpoint);
    const open = async () => {
      await this.routes.open(to);
      this.closedMs = Date.now() - this.closedAt;
      await this.letGo();
    };
    const andLetGo = pooled.length > 0 ? ', and let the poolers go on' : '';
    await this.book.step(`Open ${endpoint} to ${to} under epoch ${epoch}${andLetGo}`, open, undefined, { must: true });
    await this.book.step(`Verify by a write through ${this.routes.names().join(' and ')}`, async () => {
      this.writes = await this.routes.verify(this.terms.observers.at(-1)!.host);
    });
  }

  /** The old primary and the others follow, and commits wait for a standby again. */
  async settle(): Promise<void> {
    const { endpoint, primary, primaryHost, to, toHost, others } = this.plan;
    const lease = this.book.leaseOf(endpoint);
    const followers = [{ member: primary, host: primaryHost }, ...others];
    const members: string[] = [];
    for (const { member, host } of followers) {
      const followed = await this.book.attempt(`Let ${member} follow ${to}`, () =>
        swift.followPrimary({ host, endpoint, lease, primary: to, deadlineMs: demoteMs }),
      );
      if (followed) members.push(member);
    }
    if (members.length === 0) throw refuse('NoCandidate', { name: endpoint, why: `nobody follows ${to} yet` });
    await this.book.step(`Let commits on ${to} wait for one of ${members.join(', ')}`, () =>
      swift.setSynchronous({ host: toHost, endpoint, lease, members }),
    );
  }

  report(): Output<'switchOverEndpoint'> {
    const { endpoint, primary: was, to, pooled } = this.plan;
    const { lsn, closedMs, writes } = this;
    const { epoch } = this.book.leaseOf(endpoint);
    return {
      ...{ endpoint, was, primary: to, epoch, lsn, closedMs, writes },
      pooled: pooled.map(({ forwarder }) => forwarder),
    };
  }

  /** The shutdown checkpoint of the old primary is the last thing that it wrote. */
  private async hasEverything(): Promise<void> {
    const { endpoint, primary, to, toHost: host } = this.plan;
    const { lsn = '0/0', state } = await swift.lookAtMember({ host, endpoint, deadlineMs: 2_000 });
    // One that was promoted meanwhile writes on its own: how far it is says nothing.
    if (state === 'primary' && this.terms.rules !== undefined)
      throw refuse('NotStandby', { member: to, host, state: 'a primary by now' });
    if (bytesBetween(this.lsn, lsn) < 0)
      throw refuse('NoCandidate', {
        name: endpoint,
        why: `${to} has WAL up to ${lsn}, and ${primary} stopped at ${this.lsn}`,
      });
  }

  private letGo(): Promise<unknown> {
    const { endpoint, pooled } = this.plan;
    return Promise.all(pooled.map(({ host }) => swift.resumePooler({ host, endpoint })));
  }
}
