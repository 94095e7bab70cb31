import { formatBytes } from '../../contract/amounts';
import { furthestFirst, type Candidate } from '../../planning/failover/candidates';
import type { EndpointTerms } from '../../planning/failover/facts';
import { bytesBetween } from '../../planning/failover/lsn';
import { mayYetBe, type MayYetBe } from '../../planning/failover/mayYetBe';
import type { FailoverPlan } from '../../planning/failover/plan';
import { swift } from '../kit/proxies';
import { codeOf, reasonOf, refuse } from '../kit/render';
import type { Runbook } from '../kit/runbook';
import type { Fencing } from './fencing';

const promoteMs = 10_000;
const askMs = 300;
/** One that did not say in time that it was promoted has so long to say what it is. */
const slowMs = 3_000;

interface Promoted {
  member: string;
  /** Why commits on it may still wait. */
  waits?: string;
}

/** Makes one of the candidates the primary. */
export class Promotion {
  /** Members that were told to be promoted, may still become the primary, and are not proven to be kept down. */
  readonly mayYetBe = new Map<string, Exclude<MayYetBe, 'no'>>();
  /** Somebody was told to become the primary, or to stay it. */
  begun = false;
  /** The primary is who somebody promoted past this run, or lacks what another one has: something may be lost. */
  mayLack = false;
  /** A person was asked since anybody looked: much may have happened. */
  waited = false;
  private readonly whyNot: string[] = [];

  constructor(
    private readonly book: Runbook,
    private readonly terms: EndpointTerms,
    private readonly plan: FailoverPlan,
    private readonly fencing: Fencing,
    private readonly promoted: (member: string, timeline: number) => void,
  ) {}

  /** The most advanced standby; the next one when it fails. */
  async promote(): Promise<void> {
    const candidates = await this.furthest();
    for (const candidate of candidates) {
      await this.allowed(candidate, candidates);
      const { member, host } = candidate;
      const promoted =
        candidate.promoted === undefined
          ? ((await this.book.attempt(`Promote ${member} on ${host}`, () => this.promoteOne(candidate))) ??
            (await this.unlessPromoted(candidate)))
          : await this.keep(candidate);
      if (promoted) return this.done(promoted);
      const may = this.mayYetBe.get(member);
      if (may && (await this.fencing.keepDown(member, may))) this.mayYetBe.delete(member);
    }
    // What was not fenced still runs: the undo opens the endpoint to it again. Otherwise somebody has to help a standby.
    if (this.fencing.proof.length === 0) throw this.nobody();
    const any = () => this.promoteAny(candidates);
    const what = `Promote any member of ${this.plan.endpoint}`;
    return this.done(await this.book.step(what, any, undefined, { must: true }));
  }

  /** It serves already: where it does not answer it is waited for. Only who skips this gives it up, for another one. */
  private async keep(candidate: Candidate): Promise<Promoted | undefined> {
    const what = `Keep ${candidate.member} on ${candidate.host} as the primary`;
    const kept = await this.book.step<Promoted | undefined>(what, () => this.promoteOne(candidate));
    this.mayLack = true;
    return kept;
  }

  /** Who says that it is the primary by now is not killed for having been slow to say so. */
  private async unlessPromoted(candidate: Candidate): Promise<Promoted | undefined> {
    if (this.terms.rules === undefined || !this.mayYetBe.has(candidate.member)) return undefined;
    const [now] = await this.lookAt([candidate], slowMs);
    return now!.promoted === undefined ? undefined : this.keep(now!);
  }

  private async done({ member, waits }: Promoted): Promise<void> {
    this.book.pointOfNoReturn();
    if (waits === undefined) return;
    const { endpoint } = this.plan;
    const { host } = this.terms.members[member]!;
    await this.book.step(`Let commits on ${member} wait for nobody`, () =>
      swift.setSynchronous({ host, endpoint, lease: this.book.leaseOf(endpoint), members: [] }),
    );
  }

  private async promoteAny(candidates: readonly Candidate[]): Promise<Promoted> {
    this.whyNot.length = 0;
    for (const candidate of candidates) {
      const promoted = await this.promoteOne(candidate).catch(() => undefined);
      if (promoted) return promoted;
    }
    throw this.nobody();
  }

  private async promoteOne({ member, host }: Candidate): Promise<Promoted> {
    const { endpoint } = this.plan;
    this.begun = true;
    try {
      const lease = this.book.leaseOf(endpoint);
      const { timeline, waits } = await swift.promoteMember({
        host,
        endpoint,
        lease,
        deadlineMs: promoteMs,
        adopt: true,
      });
      this.mayYetBe.delete(member);
      this.promoted(member, timeline);
      return { member, ...(waits !== undefined && { waits }) };
    } catch (error) {
      this.whyNot.push(`${member}: ${reasonOf(error)}`);
      const may = mayYetBe(codeOf(error));
      if (may !== 'no') this.mayYetBe.set(member, may);
      throw error;
    }
  }

  /** The next candidate may lack what the first one had: a loss that nobody allowed is asked for, whenever it comes up. */
  private async allowed({ member, lsn, promoted }: Candidate, candidates: readonly Candidate[]): Promise<void> {
    if (promoted !== undefined) {
      const known = this.plan.candidates.some((one) => one.member === member && one.promoted !== undefined);
      if (known) return; // it was asked about with the plan
      const others = candidates.filter((one) => one.member !== member).map((one) => one.member);
      const what = `${member} as the primary, which somebody promoted meanwhile: nobody knows what it lacks${others.length > 0 ? ` that ${others.join(' and ')} may have` : ''}`;
      return void (await this.book.approve(what, true));
    }
    // What was promoted wrote on since: how far that is says nothing.
    const standbys = candidates.filter((one) => one.promoted === undefined);
    const first = this.terms.rules === undefined ? candidates[0]! : standbys.toSorted(furthestFirst)[0]!;
    const lacks = bytesBetween(lsn, first.lsn);
    const what = `the promotion of ${member}, which lacks ${formatBytes(lacks)} of WAL that ${first.member} has`;
    await this.book.approve(what, lacks > this.terms.mostLag);
    this.mayLack = lacks > 0;
  }

  /**
   * The old primary may have gone on until it was fenced: who has the most is asked again, where there is a choice. Whom
   * somebody promoted meanwhile comes first: another one beside it would be a second primary.
   */
  private async furthest(): Promise<Candidate[]> {
    const { candidates, wished } = this.plan;
    const { rules } = this.terms;
    const single = candidates.length === 1 && (rules === undefined || !this.waited);
    if (single || (wished && rules === undefined)) return candidates;
    const now = await this.lookAt(candidates, askMs);
    const already = now.filter(({ promoted }) => promoted !== undefined);
    const others = now.filter(({ promoted }) => promoted === undefined);
    return [...already.toSorted(furthestFirst), ...(wished ? others : others.toSorted(furthestFirst))];
  }

  private lookAt(candidates: readonly Candidate[], deadlineMs: number): Promise<Candidate[]> {
    const { endpoint } = this.plan;
    return Promise.all(
      candidates.map(async (candidate) => {
        const asked = swift.lookAtMember({ host: candidate.host, endpoint, deadlineMs });
        const view = await asked.catch(() => undefined); // one that is silent keeps what it said before
        const { lsn = candidate.lsn, timeline } = view ?? {};
        const isPrimary = this.terms.rules !== undefined && view?.state === 'primary' && timeline !== undefined;
        return { ...candidate, lsn, ...(isPrimary && { promoted: timeline }) };
      }),
    );
  }

  private nobody() {
    return refuse('NoCandidate', { name: this.plan.endpoint, why: this.whyNot.join('; ') });
  }
}
