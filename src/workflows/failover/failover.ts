import { log } from '@temporalio/workflow';
import type { Survey } from '../../activities/endpoints';
import { formatBytes } from '../../contract/amounts';
import type { Output } from '../../contract/runbooks';
import type { Done } from '../../planning/failover/adopted';
import { furthestFirst, lastGood, type Candidate } from '../../planning/failover/candidates';
import { answered } from '../../planning/failover/facts';
import type { FailoverPlan } from '../../planning/failover/plan';
import { bytesBetween } from '../../planning/failover/lsn';
import { unsafe } from '../../planning/failover/secured';
import { voteSentences } from '../../planning/failover/verdict';
import { aroundMs } from '../../planning/failover/writesSeen';
import { Ending } from '../kit/endings';
import { codeOf, reasonOf, refuse } from '../kit/render';
import { quick, swift } from '../kit/proxies';
import type { Runbook } from '../kit/runbook';
import { untilEnded } from '../kit/together';
import { Aftermath } from './aftermath';
import { Routes, type Written } from './routes';

/** How long a fence may take: where a host is lost, its clients wait for nothing. ms. */
const fenceMs = { lost: 100, there: 3_000 };
const promoteMs = 10_000;
const askMs = 300;
const powerMs = 20_000;
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
  /** Why commits on the new primary may still wait. */
  private waits: string | undefined;
  /** The member that could not be promoted may still become the primary. */
  private mayYetBe: 'no' | 'unheard' | 'yes' = 'no';
  private writes: Written[] = [];
  private wroteAt: number | undefined;
  private cut = { found: 0, left: 0 };
  private readonly aftermath: Aftermath;
  private deed: Done | undefined;

  constructor(
    private readonly book: Runbook,
    private readonly survey: Survey,
    private readonly plan: FailoverPlan,
  ) {
    const { judgement, close, silent } = plan;
    this.routes = new Routes(book, survey.facts.terms, close);
    this.aftermath = new Aftermath(book, survey.facts.terms, plan, this.routes);
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
    Object.assign(this, { deed, now: to, timeline, wroteAt: openAtMs, fence, cut });
    this.book.pointOfNoReturn();
  }

  /** Nothing reaches the old primary through the endpoint any more, and it is killed if its host still listens. */
  async close(): Promise<void> {
    const { endpoint, primary, sealed } = this.plan;
    const { terms } = this.survey.facts;
    const { address } = terms.members[primary]!;
    let doubt: string | undefined;
    const act = async () => {
      const fencing = this.fenceOld();
      const closing = this.routes.close([address]).catch((error: unknown) => {
        throw codeOf(error) === 'EpochMoved' ? new Ending(error) : error;
      });
      await untilEnded([fencing], closing);
      this.mark('closed');
      const why = await fencing.then((reason) => this.orByPower(reason));
      this.mark(why === undefined ? 'fenced' : 'not fenced, which is safe');
      doubt = unsafe({ policy: terms.fence, fenced: why === undefined, why: why ?? '', sealed });
    };
    await this.book.step(
      `Close ${endpoint} on ${this.routes.sayWho()}, and fence ${primary}`,
      act,
      () => this.reopen(),
      { must: true },
    );
    if (this.fence.length > 0) return this.book.pointOfNoReturn();
    if (doubt === undefined) return;
    await this.book.approve(`a promotion although ${primary} is not proven dead: ${doubt}`, true);
    this.fence = ['Somebody said that it is dead'];
    this.book.pointOfNoReturn();
  }

  /** The most advanced standby; the next one when it fails. */
  async promote(): Promise<void> {
    const { endpoint } = this.plan;
    const candidates = await this.furthest();
    const whyNot: string[] = [];
    for (const candidate of candidates) {
      await this.allowed(candidate, candidates[0]!);
      const promoted = await this.book.attempt(`Promote ${candidate.member} on ${candidate.host}`, () =>
        this.promoteOne(candidate, whyNot),
      );
      if (promoted) {
        this.book.pointOfNoReturn();
        return this.waitForNobody();
      }
      await this.keepDown(candidate);
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
      fence: this.fence,
      lossless: plan.lossless && plan.candidates[0]!.member === this.now,
      unknownOutcomes: this.cut.found,
      stillHung: this.cut.left,
      left: [...routes.left.keys()],
      writes: this.writes,
      ...this.aftermath.found,
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

  /** Where nothing else makes it safe to go on, its power is cut: that takes seconds, and needs a command of the fleet file. */
  private async orByPower(why: string | undefined): Promise<string | undefined> {
    const { endpoint, primary, sealed } = this.plan;
    const { terms } = this.survey.facts;
    if (why === undefined || !terms.members[primary]!.powered) return why;
    if (unsafe({ policy: terms.fence, fenced: false, why, sealed }) === undefined) return why;
    const lease = this.book.leaseOf(endpoint);
    try {
      const order = { host: this.witness(), target: endpoint, member: primary, lease, deadlineMs: powerMs };
      this.fence = (await swift.powerOffMember(order)).proof;
      return undefined;
    } catch (error) {
      return `${why}; ${reasonOf(error).split('. Next: ')[0]}`;
    }
  }

  /** The next candidate may lack what the first one had: a loss that nobody allowed is asked for, whenever it comes up. */
  private async allowed({ member, lsn }: Candidate, first: Candidate): Promise<void> {
    const lacks = bytesBetween(lsn, first.lsn);
    const { mostLag } = this.survey.facts.terms;
    const what = `the promotion of ${member}, which lacks ${formatBytes(lacks)} of WAL that ${first.member} has`;
    await this.book.approve(what, lacks > mostLag);
  }

  private async promoteOne({ member, host }: Candidate, whyNot: string[]): Promise<true> {
    const { endpoint } = this.plan;
    try {
      const lease = this.book.leaseOf(endpoint);
      const { timeline, waits } = await swift.promoteMember({ host, endpoint, lease, deadlineMs: promoteMs });
      [this.now, this.timeline, this.waits] = [member, timeline, waits];
      this.mark('promoted');
      return true;
    } catch (error) {
      whyNot.push(`${member}: ${reasonOf(error)}`);
      const code = codeOf(error);
      if (code === 'AgentUnreachable') this.mayYetBe = 'unheard';
      else this.mayYetBe = code === 'NotStandby' || code === 'DatabaseSaidNo' ? 'no' : 'yes';
      throw error;
    }
  }

  /** The old primary may have gone on until it was fenced: who has the most is asked again, where there is a choice. */
  private async furthest(): Promise<Candidate[]> {
    const { endpoint, candidates, wished } = this.plan;
    if (candidates.length === 1 || wished) return candidates;
    const now = await Promise.all(
      candidates.map(async (candidate) => {
        const asked = swift.lookAtMember({ host: candidate.host, endpoint, deadlineMs: askMs });
        const { lsn = candidate.lsn } = await asked.catch(() => candidate); // one that is silent keeps what it said before
        return { ...candidate, lsn };
      }),
    );
    return now.toSorted(furthestFirst);
  }

  /** An order to promote cannot be taken back: who may still become the primary is kept down before anybody else does. */
  private async keepDown({ member, host }: Candidate): Promise<void> {
    if (this.mayYetBe === 'no') return;
    const { endpoint } = this.plan;
    const lease = this.book.leaseOf(endpoint);
    const what = `Make sure that ${member} does not become the primary later`;
    const fence = () => swift.fenceMember({ host, endpoint, lease, deadlineMs: fenceMs.there });
    // A host that is out of reach may never have heard the order; no route leads to it.
    if (this.mayYetBe === 'unheard') await this.book.attempt(what, fence);
    else await this.book.step(what, fence, undefined, { must: true });
  }

  private async waitForNobody(): Promise<void> {
    if (this.waits === undefined) return;
    const { endpoint } = this.plan;
    const { host } = this.survey.facts.terms.members[this.now]!;
    await this.book.step(`Let commits on ${this.now} wait for nobody`, () =>
      swift.setSynchronous({ host, endpoint, lease: this.book.leaseOf(endpoint), members: [] }),
    );
  }

  /** Only while the old primary was not fenced, and nobody was promoted after all. */
  private async reopen(): Promise<void> {
    const { endpoint, primary, candidates } = this.plan;
    if (this.fence.length > 0) throw refuse('NotPrimary', { member: primary, host: '', state: 'fenced' });
    if (this.mayYetBe !== 'no')
      throw refuse('NoPrimary', { name: endpoint, count: 2, which: `${primary}, and whoever was told to be promoted` });
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
