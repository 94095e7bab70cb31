import { withoutNext } from '../../contract/errors';
import type { Output } from '../../contract/runbooks';
import type { EndpointTerms } from '../../planning/failover/facts';
import type { FailoverPlan } from '../../planning/failover/plan';
import { reasonOf } from '../kit/render';
import { swift } from '../kit/proxies';
import type { Runbook } from '../kit/runbook';
import type { Routes } from './routes';

/** What comes after a failover, when its clients write again: nothing of it stops the run. */
export class Aftermath {
  /** For the report. */
  readonly found: Pick<Output<'failOverEndpoint'>, 'lost' | 'lostUnknown' | 'seen'> = {};

  constructor(
    private readonly book: Runbook,
    private readonly terms: EndpointTerms,
    private readonly plan: FailoverPlan,
    private readonly routes: Routes,
  ) {}

  /** The other standbys, the DNS name, and the exact loss. `by`: the observer that speaks to the name server. */
  async settle(now: string, by: string): Promise<void> {
    await this.followers(now);
    if (this.terms.dns) for (const forwarder of this.routes.left.keys()) await this.leave(forwarder, by);
    const { endpoint, primary } = this.plan;
    const { host } = this.terms.members[primary]!;
    const lost = await this.book.attempt(`Count the commits that only ${primary} has`, () =>
      swift.countLostCommits({ host, endpoint, primary: now }).catch((error: unknown) => {
        this.found.lostUnknown = withoutNext(reasonOf(error));
        throw error;
      }),
    );
    if (lost) this.found.lost = lost;
  }

  /** When observers could write, and when nobody could. */
  async lookBack(fromMs: number, toMs: number): Promise<void> {
    const { endpoint: target } = this.plan;
    const hosts = this.terms.observers.map(({ host }) => host);
    const seen = await this.book.attempt('Keep what the observers saw of the writes', () =>
      swift.keepWrites({ target, hosts, fromMs, toMs }),
    );
    if (seen) this.found.seen = seen;
  }

  private async followers(now: string): Promise<void> {
    const { endpoint, candidates, others } = this.plan;
    const lease = this.book.leaseOf(endpoint);
    const members: string[] = [];
    for (const { member, host } of [...candidates, ...others].filter((one) => one.member !== now)) {
      const followed = await this.book.attempt(`Let ${member} follow ${now}`, () =>
        swift.followPrimary({ host, endpoint, lease, primary: now, deadlineMs: 20_000 }),
      );
      if (followed && this.terms.members[member]!.candidate) members.push(member);
    }
    if (members.length === 0) return; // one that does not follow is waited for by nobody: commits would hang
    const { host } = this.terms.members[now]!;
    await this.book.attempt(`Let commits on ${now} wait for one of ${members.join(', ')}`, () =>
      swift.setSynchronous({ host, endpoint, lease, members }),
    );
  }

  private async leave(forwarder: string, host: string): Promise<void> {
    const { endpoint } = this.plan;
    const lease = this.book.leaseOf(endpoint);
    const { address } = this.terms.forwarders[forwarder]!;
    await this.book.attempt(`Take ${forwarder} out of ${this.terms.name}, since it did not answer`, () =>
      swift.announceForwarder({ host, endpoint, lease, address, as: 'gone' }),
    );
  }
}
