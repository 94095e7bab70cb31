import { log } from '@temporalio/workflow';
import type { Survey } from '../../activities/endpoints';
import { formatBytes } from '../../contract/amounts';
import type { Lost } from '../../contract/capabilities/role';
import type { Output } from '../../contract/runbooks';
import { lastGood, type Candidate } from '../../planning/failover/candidates';
import { answered } from '../../planning/failover/facts';
import type { FailoverPlan } from '../../planning/failover/plan';
import { bytesBetween } from '../../planning/failover/lsn';
import { unsafe } from '../../planning/failover/secured';
import { voteSentences } from '../../planning/failover/verdict';
import { codeOf, reasonOf, refuse } from '../kit/render';
import { quick, swift } from '../kit/proxies';
import type { Runbook } from '../kit/runbook';
import { Routes, type Written } from './routes';

/** How long a fence may take: where a host is lost, its clients wait for nothing. ms. */
const fenceMs = { lost: 100, there: 3_000 };
const promoteMs = 10_000;
const reinstateMs = 20_000;

type Phase = Output<'failOverEndpoint'>['phases'][number];

/** The acts of one failover, in the order in which its runbook calls them. */
export class Failover {
  private readonly routes: Routes;
  private readonly phases: Phase[] = [];
  private readonly since: number;
  private fence: string[] = [];
  private now = '';
  private timeline = 0;
  private writes: Written[] = [];
  private wroteAt: number | undefined;
  private cut = { found: 0, left: 0 };
  private lost: Lost | undefined;
  private lostUnknown: string | undefined;

  constructor(
    private readonly book: Runbook,
    private readonly survey: Survey,
    private readonly plan: FailoverPlan,
  ) {
    const { judgement, close, silent } = plan;
    this.routes = new Routes(book, survey.facts.terms, close);
    for (const { forwarder, why } of silent) this.routes.left.set(forwarder, why);
    this.since = judgement.sinceMs ?? survey.facts.nowMs;
    this.mark('decided');
  }

  /** Nothing reaches the old primary through the endpoint any more, and it is killed if its host still listens. */
  async close(): Promise<void> {
    const { endpoint, primary, lossless } = this.plan;
    const { terms } = this.survey.facts;
    const { address } = terms.members[primary]!;
    const act = async () => {
      const fencing = this.fenceOld();
      await this.routes.close([address]);
      this.mark('closed');
      const why = await fencing;
      this.mark(why === undefined ? 'fenced' : 'not fenced, which is safe');
      const reason = unsafe({ policy: terms.fence, fenced: why === undefined, why: why ?? '', lossless });
      if (reason !== undefined)
        throw refuse('NotFenced', { member: primary, host: terms.members[primary]!.host, why: reason });
    };
    await this.book.step(`Close ${endpoint} on ${this.routes.sayWho()}, and fence ${primary}`, act, () =>
      this.reopen(),
    );
    if (this.fence.length > 0) this.book.pointOfNoReturn();
  }

  /** The most advanced standby; the next one when it fails. */
  async promote(): Promise<void> {
    const { endpoint, candidates } = this.plan;
    const whyNot: string[] = [];
    for (const candidate of candidates) {
      await this.allowed(candidate);
      const promoted = await this.book.attempt(`Promote ${candidate.member} on ${candidate.host}`, () =>
        this.promoteOne(candidate, whyNot),
      );
      if (promoted) return this.book.pointOfNoReturn();
    }
    const nobody = () => refuse('NoCandidate', { name: endpoint, why: whyNot.join('; ') });
    // What was not fenced still runs: the undo opens the endpoint to it again. Otherwise somebody has to help a standby.
    if (this.fence.length === 0) throw nobody();
    const any = async () => {
      whyNot.length = 0;
      for (const candidate of candidates) if (await this.promoteOne(candidate, whyNot).catch(() => false)) return;
      throw nobody();
    };
    await this.book.step(`Promote any member of ${endpoint}`, any, undefined, { must: true });
  }

  /** Clients reach the new primary; those that still wait for the old one are told that it is gone. */
  async open(): Promise<void> {
    const { endpoint, primary } = this.plan;
    const { terms } = this.survey.facts;
    const { epoch } = this.book.leaseOf(endpoint);
    await this.book.step(
      `Open ${endpoint} to ${this.now} under epoch ${epoch}`,
      () => this.routes.open(this.now),
      undefined,
      { must: true },
    );
    this.mark('open');
    const { address } = terms.members[primary]!;
    const freeing = this.book.attempt(`Free the clients that still wait for ${primary}`, async () => {
      this.cut = await this.routes.free(address);
    });
    const verify = async () => {
      this.writes = await this.routes.verify(this.witness());
      this.wroteAt = Date.now();
    };
    await this.book.step(`Verify by a write through ${this.routes.names().join(' and ')}`, verify);
    this.mark('verified');
    await freeing;
  }

  /** What nobody waits for: the other standbys, the DNS name, and the exact loss. */
  async settle(): Promise<void> {
    const { endpoint, primary } = this.plan;
    const { terms } = this.survey.facts;
    const lease = this.book.leaseOf(endpoint);
    const followers: string[] = [];
    for (const { member, host } of this.plan.candidates.filter((one) => one.member !== this.now)) {
      const followed = await this.book.attempt(`Let ${member} follow ${this.now}`, () =>
        swift.followPrimary({ host, endpoint, lease, primary: this.now, deadlineMs: 20_000 }),
      );
      if (followed) followers.push(member);
    }
    // One that does not follow is waited for by nobody: commits would hang.
    if (followers.length > 0)
      await this.book.attempt(`Let commits on ${this.now} wait for one of ${followers.join(', ')}`, () =>
        swift.setSynchronous({ host: terms.members[this.now]!.host, endpoint, lease, members: followers }),
      );
    if (terms.dns)
      for (const forwarder of this.routes.left.keys())
        await this.book.attempt(`Take ${forwarder} out of ${terms.name}, since it did not answer`, () =>
          swift.announceForwarder({
            host: this.witness(),
            endpoint,
            lease,
            address: terms.forwarders[forwarder]!.address,
            as: 'gone',
          }),
        );
    const { host } = terms.members[primary]!;
    this.lost = await this.book.attempt(`Count the commits that only ${primary} has`, () =>
      swift.countLostCommits({ host, endpoint, primary: this.now }).catch((error: unknown) => {
        this.lostUnknown = reasonOf(error);
        throw error;
      }),
    );
  }

  report(): Output<'failOverEndpoint'> {
    const { plan, survey, routes } = this;
    const good = lastGood(survey.facts, plan.primary);
    return {
      endpoint: plan.endpoint,
      verdict: plan.judgement.verdict,
      votes: voteSentences(plan.judgement),
      was: plan.primary,
      primary: this.now,
      epoch: this.book.leaseOf(plan.endpoint).epoch,
      timeline: this.timeline,
      phases: this.phases,
      ...(good && this.wroteAt !== undefined && { gapMs: this.wroteAt - good.atMs }),
      fence: this.fence,
      lossless: plan.lossless && plan.candidates[0]!.member === this.now,
      unknownOutcomes: this.cut.found,
      stillHung: this.cut.left,
      ...(this.lost && { lost: this.lost }),
      ...(this.lostUnknown !== undefined && { lostUnknown: this.lostUnknown }),
      left: [...routes.left.keys()],
      writes: this.writes,
    };
  }

  /** Why it could not be proven dead, or nothing. */
  private async fenceOld(): Promise<string | undefined> {
    const { endpoint, primary, hostLost } = this.plan;
    const { host } = this.survey.facts.terms.members[primary]!;
    const lease = this.book.leaseOf(endpoint);
    const deadlineMs = hostLost ? fenceMs.lost : fenceMs.there;
    try {
      const { proof } = await swift.fenceMember({ host, endpoint, lease, deadlineMs });
      this.fence = proof;
      return undefined;
    } catch (error) {
      if (codeOf(error) === 'StaleEpoch') throw error;
      log.warn('the old primary was not fenced', { why: reasonOf(error) });
      return reasonOf(error).split('. Next: ')[0];
    }
  }

  /** The next candidate may lack what the first one had: a loss that nobody allowed is asked for, whenever it comes up. */
  private async allowed({ member, lsn }: Candidate): Promise<void> {
    const [first] = this.plan.candidates;
    const lacks = bytesBetween(lsn, first!.lsn);
    const { mostLag } = this.survey.facts.terms;
    const what = `the promotion of ${member}, which lacks ${formatBytes(lacks)} of WAL that ${first!.member} has`;
    await this.book.approve(what, lacks > mostLag);
  }

  private async promoteOne({ member, host }: Candidate, whyNot: string[]): Promise<true> {
    const { endpoint } = this.plan;
    try {
      const lease = this.book.leaseOf(endpoint);
      const { timeline } = await swift.promoteMember({ host, endpoint, lease, deadlineMs: promoteMs });
      [this.now, this.timeline] = [member, timeline];
      this.mark('promoted');
      return true;
    } catch (error) {
      whyNot.push(`${member}: ${reasonOf(error)}`);
      throw error;
    }
  }

  /** Only while the old primary was not fenced, and nobody was promoted after all. */
  private async reopen(): Promise<void> {
    const { endpoint, primary, candidates } = this.plan;
    if (this.fence.length > 0) throw refuse('NotPrimary', { member: primary, host: '', state: 'fenced' });
    for (const { member, host } of candidates) {
      const { state } = await swift.lookAtMember({ host, endpoint, deadlineMs: 2_000 });
      if (state === 'primary') throw refuse('NoPrimary', { name: endpoint, count: 2, which: `${primary}, ${member}` });
    }
    await this.routes.open(primary);
    // The order to fence it may reach its host late, when it is within reach again: it is started again then.
    const { host } = this.survey.facts.terms.members[primary]!;
    await quick.reinstateMember({ host, endpoint, lease: this.book.leaseOf(endpoint), deadlineMs: reinstateMs });
  }

  /** Who writes and asks: an observer that answers and lost nothing itself. */
  private witness(): string {
    const { terms, observations, routes } = this.survey.facts;
    const gone = terms.members[this.plan.primary]!.host;
    const forwarders = new Set(
      Object.keys(routes)
        .filter((forwarder) => answered(routes[forwarder]))
        .map((forwarder) => terms.forwarders[forwarder]!.host),
    );
    const there = observations.map(({ observer }) => observer).filter((observer) => observer !== gone);
    return there.find((host) => !forwarders.has(host)) ?? there[0]!;
  }

  private mark(what: string): void {
    this.phases.push({ what, afterMs: Date.now() - this.since });
  }
}
