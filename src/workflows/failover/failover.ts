import type { Survey } from '../../activities/endpoints';
import type { Output } from '../../contract/runbooks';
import type { Done } from '../../planning/failover/adopted';
import { lastGood } from '../../planning/failover/candidates';
import { answered } from '../../planning/failover/facts';
import type { FailoverPlan } from '../../planning/failover/plan';
import { voteSentences } from '../../planning/failover/verdict';
import { aroundMs } from '../../planning/failover/writesSeen';
import { Ending } from '../kit/endings';
import { codeOf, refuse } from '../kit/render';
import { quick, swift } from '../kit/proxies';
import type { Runbook } from '../kit/runbook';
import { untilEnded } from '../kit/together';
import { Aftermath } from './aftermath';
import { Fencing } from './fencing';
import { Promotion } from './promotion';
import { Routes, type Written } from './routes';

const reinstateMs = 20_000;

type Phase = Output<'failOverEndpoint'>['phases'][number];

/** The acts of one failover, in the order in which its runbook calls them. */
export class Failover {
  private readonly routes: Routes;
  private readonly phases: Phase[] = [];
  private readonly since: number;
  private now = '';
  private timeline = 0;
  private writes: Written[] = [];
  private wroteAt: number | undefined;
  private cut = { found: 0, left: 0 };
  private readonly fencing: Fencing;
  private readonly promotion: Promotion;
  private readonly aftermath: Aftermath;
  private deed: Done | undefined;
  /** Somebody else has changed the routes since this run looked at them. */
  private isOvertaken = false;

  constructor(
    private readonly book: Runbook,
    private readonly survey: Survey,
    private readonly plan: FailoverPlan,
  ) {
    const { judgement, close, silent } = plan;
    const { terms } = survey.facts;
    this.routes = new Routes(book, terms, close);
    this.fencing = new Fencing(book, terms, plan);
    this.promotion = new Promotion(book, terms, plan, this.fencing, (member, timeline) => {
      [this.now, this.timeline] = [member, timeline];
      this.mark('promoted');
    });
    this.aftermath = new Aftermath(book, terms, plan, this.routes);
    for (const { forwarder, why } of silent) this.routes.left.set(forwarder, why);
    this.since = judgement.sinceMs ?? survey.facts.nowMs;
    this.mark('decided');
  }

  /** The agents did this by themselves, while no workflow could: shown at its own times, and gone on with. */
  adopt(deed: Done): void {
    const { failover, acts } = deed;
    const { sinceMs, to, timeline, openAtMs, fence, cut } = failover;
    this.phases.length = 0; // those of the agents, not of this run's look at them
    let fromMs = sinceMs;
    for (const { what, afterMs } of acts) {
      this.book.recall(what, fromMs, (fromMs = sinceMs + afterMs));
      this.phases.push({ what, afterMs });
    }
    Object.assign(this, { deed, now: to, timeline, wroteAt: openAtMs, cut });
    this.fencing.proof = fence;
    this.book.pointOfNoReturn();
  }

  /** Nothing reaches the old primary through the endpoint any more, and it is killed if its host still listens. */
  async close(): Promise<void> {
    const { endpoint, primary } = this.plan;
    const { address } = this.survey.facts.terms.members[primary]!;
    let doubt: string | undefined;
    const act = async () => {
      const fencing = this.fencing.fenceOld();
      const closing = this.routes.close([address]).catch((error: unknown) => {
        if (codeOf(error) !== 'EpochMoved') throw error;
        this.isOvertaken = true;
        throw new Ending(error);
      });
      await untilEnded([fencing], closing);
      this.mark('closed');
      const why = await fencing.then((reason) => this.fencing.orByPower(reason, this.witness()));
      doubt = this.fencing.doubt(why);
      this.mark(why === undefined ? 'fenced' : doubt === undefined ? 'not fenced, which is safe' : 'not fenced');
    };
    await this.book.step(
      `Close ${endpoint} on ${this.routes.sayWho()}, and fence ${primary}`,
      act,
      () => this.reopen(),
      { must: true },
    );
    if (this.fencing.proof.length > 0) return this.book.pointOfNoReturn();
    if (doubt === undefined) return;
    await this.book.approve(`a promotion although ${primary} is not proven dead: ${doubt}`, true);
    this.promotion.waited = true;
    this.fencing.proof = ['Somebody said that it is dead'];
    this.book.pointOfNoReturn();
  }

  promote(): Promise<void> {
    return this.promotion.promote();
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
    await this.verify();
    await freeing;
  }

  /** A real write through every forwarder, as a client makes it. */
  async verify(): Promise<void> {
    const verify = async () => {
      this.writes = await this.routes.verify(this.witness());
      this.wroteAt ??= Date.now();
    };
    await this.book.step(`Verify by a write through ${this.routes.names().join(' and ')}`, verify);
    this.mark('verified');
  }

  /** What nobody waits for. */
  settle(): Promise<void> {
    return this.aftermath.settle(this.now, this.witness());
  }

  /** For the picture: who looks at the report later sees when nobody could write. */
  lookBack(lookOnMs: number): Promise<void> {
    const goodMs = lastGood(this.survey.facts, this.plan.primary)?.atMs ?? this.since;
    return this.aftermath.lookBack(goodMs - aroundMs, (this.wroteAt ?? Date.now()) + lookOnMs);
  }

  report(): Output<'failOverEndpoint'> {
    const { plan, survey, routes } = this;
    const good = lastGood(survey.facts, plan.primary);
    return {
      endpoint: plan.endpoint,
      verdict: plan.judgement.verdict,
      votes: this.deed?.failover.votes ?? voteSentences(plan.judgement),
      was: plan.primary,
      primary: this.now,
      epoch: this.deed?.epoch ?? this.book.leaseOf(plan.endpoint).epoch,
      timeline: this.timeline,
      sinceMs: this.since,
      phases: this.phases,
      ...(good && this.wroteAt !== undefined && { gapMs: this.wroteAt - good.atMs }),
      fence: this.fencing.proof,
      lossless: plan.lossless && plan.candidates[0]!.member === this.now && !this.promotion.mayLack,
      unknownOutcomes: this.cut.found,
      stillHung: this.cut.left,
      left: [...routes.left.keys()],
      writes: this.writes,
      ...this.aftermath.found,
    };
  }

  /** Only while the old primary was not fenced, and nobody was promoted after all. */
  private async reopen(): Promise<void> {
    const { endpoint, primary, candidates } = this.plan;
    if (this.isOvertaken && !this.routes.hasClosed && this.fencing.proof.length === 0) return; // others see to it
    if (this.fencing.proof.length > 0) throw refuse('NotPrimary', { member: primary, host: '', state: 'fenced' });
    if (this.promotion.mayYetBe.size > 0)
      throw refuse('NoPrimary', {
        name: endpoint,
        count: 2,
        which: [primary, ...this.promotion.mayYetBe.keys()].join(', '),
      });
    for (const { member, host, promoted } of candidates) {
      if (promoted !== undefined && !this.promotion.begun) continue; // so it was before this run
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
