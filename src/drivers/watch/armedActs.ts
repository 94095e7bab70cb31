import { withoutNext } from '../../contract/errors';
import type { ArmedPlan } from '../../contract/armed';
import type { Deed } from '../../contract/sights';
import type { ArmedDecision } from '../../planning/failover/armed';
import type { Candidate } from '../../planning/failover/candidates';
import { answered, type EndpointFacts } from '../../planning/failover/facts';
import { unsafe } from '../../planning/failover/secured';
import { voteSentences } from '../../planning/failover/verdict';
import type { Host } from '../host';
import { said } from './side';

/** How long a fence may take: a lost host, and one whose agent answers; a change in a kernel; a promotion; freeing. ms. */
const within = { lost: 150, there: 3_000, kernel: 1_000, promote: 10_000, free: 5_000 };
/** What another host is given beyond its own deadline, ms. */
const wayMs = 250;

type Decision = Extract<ArmedDecision, { does: 'act' }>;
type Ends = Pick<Deed, 'outcome' | 'why' | 'failover'>;

/** The acts of one failover by the agents themselves, each under the epoch of the plan. */
export class ArmedActs {
  private readonly acts: Deed['acts'] = [];
  private readonly closed: string[] = [];
  private readonly sinceMs: number;
  private fence: string[] = [];

  constructor(
    private readonly host: Host,
    private readonly plan: ArmedPlan,
    private readonly facts: EndpointFacts,
    private readonly decision: Decision,
  ) {
    this.sinceMs = decision.judgement.sinceMs ?? facts.nowMs;
  }

  async carryOut(): Promise<Omit<Deed, 'number'>> {
    const { endpoint: target, primary: failed, epoch } = this.plan;
    this.did(`${this.decision.judgement.sentence}; no workflow did anything, and ${this.host.name} was given the plan`);
    const ends = await this.perform();
    return { atMs: Date.now(), target, failed, epoch, acts: this.acts, ...ends };
  }

  private async perform(): Promise<Ends> {
    const { primary } = this.plan;
    const { address } = this.member(primary);
    const fencing = this.fenceOld();
    const moved = await this.close(address);
    const why = await fencing;
    const stop =
      moved ??
      unsafe({
        policy: this.facts.terms.fence,
        fenced: why === undefined,
        why: why ?? '',
        sealed: this.decision.sealed,
      });
    if (stop !== undefined) return this.giveUp(stop);
    for (const candidate of this.decision.candidates) {
      const timeline = await this.promote(candidate);
      if (timeline === undefined) continue;
      const { member } = candidate;
      if (!(await this.open(member)))
        return { outcome: 'failed', why: `${member} was promoted, and no forwarder leads to it` };
      const openAtMs = Date.now();
      const cut = await this.free(address);
      const { verdict, sentence } = this.decision.judgement;
      const votes = voteSentences(this.decision.judgement);
      const { sinceMs, fence } = this;
      const failover = { ...{ sinceMs, verdict, votes, timeline, openAtMs, fence, cut }, to: member };
      return { outcome: 'done', why: sentence, failover };
    }
    return this.giveUp('no standby could be promoted');
  }

  /** Why it must not go on, or nothing. A forwarder under another epoch was changed by somebody else: this agent stops. */
  private async close(reject: string): Promise<string | undefined> {
    const { endpoint, from } = this.plan;
    const reasons: string[] = [];
    await this.each(Object.keys(from), async (forwarder) => {
      const order = { endpoint, from: from[forwarder]!, lease: this.lease, reject: [reject] };
      const answer = await said(this.traffic(forwarder).close(order), within.kernel);
      if ('value' in answer) this.closed.push(forwarder);
      else if (answer.code === 'EpochMoved' || answer.code === 'StaleEpoch')
        reasons.push(`somebody else has changed the route on ${forwarder}`);
      else this.did(`${forwarder} did not close ${endpoint}: ${answer.why}`);
    });
    if (this.closed.length === 0 && reasons.length === 0) reasons.push('no forwarder closed');
    if (this.closed.length > 0) this.did(`${this.closed.toSorted().join(' and ')} closed ${endpoint}`);
    return reasons[0];
  }

  /** Why it could not be proven dead, or nothing. */
  private async fenceOld(): Promise<string | undefined> {
    const { endpoint, primary } = this.plan;
    const deadlineMs = answered(this.facts.members[primary]) ? within.there : within.lost;
    const { host } = this.member(primary);
    const order = { endpoint, lease: this.lease, deadlineMs };
    const answer = await said(this.host.peer(host, 'role').fence(order), deadlineMs + wayMs);
    if ('value' in answer) this.fence = answer.value.proof;
    const why = 'value' in answer ? undefined : withoutNext(answer.why);
    this.did(why === undefined ? `${primary} was fenced` : `${primary} was not fenced, which is safe: ${why}`);
    return why;
  }

  /** The new timeline. Commits wait for nobody until others follow: else they would hang. */
  private async promote({ member, host }: Candidate): Promise<number | undefined> {
    const { endpoint } = this.plan;
    const role = this.host.peer(host, 'role');
    const order = { endpoint, lease: this.lease, deadlineMs: within.promote };
    const promoted = await said(role.promote(order), within.promote + wayMs);
    if (!('value' in promoted)) {
      this.did(`${member} was not promoted: ${withoutNext(promoted.why)}`);
      return undefined;
    }
    const set = await said(role.setSynchronous({ endpoint, lease: this.lease, members: [] }), within.there);
    this.did(
      `${member} was promoted${'value' in set ? '' : `, and its commits may wait for others: ${withoutNext(set.why)}`}`,
    );
    return promoted.value.timeline;
  }

  private async open(member: string): Promise<boolean> {
    const { endpoint, epoch } = this.plan;
    const { address, port } = this.member(member);
    const opened: string[] = [];
    await this.each(this.closed, async (forwarder) => {
      const order = { endpoint, lease: this.lease, to: { address, port } };
      const answer = await said(this.traffic(forwarder).open(order), within.kernel);
      if ('value' in answer) opened.push(forwarder);
      else this.did(`${forwarder} did not open ${endpoint}: ${withoutNext(answer.why)}`);
    });
    if (opened.length > 0)
      this.did(`${opened.toSorted().join(' and ')} opened ${endpoint} to ${member} under epoch ${epoch}`);
    return opened.length > 0;
  }

  private async free(address: string): Promise<{ found: number; left: number }> {
    const { endpoint, primary } = this.plan;
    const cut = { found: 0, left: 0 };
    await this.each(this.closed, async (forwarder) => {
      const answer = await said(this.traffic(forwarder).free({ endpoint, address }), within.free);
      if (!('value' in answer)) return this.did(`${forwarder} freed nobody: ${withoutNext(answer.why)}`);
      cut.found += answer.value.found;
      cut.left += answer.value.left;
    });
    this.did(`${cut.found} clients that still waited for ${primary} were cut`);
    return cut;
  }

  /** What this agent closed is opened to the old primary again, unless that was fenced or somebody was promoted after all. */
  private async giveUp(why: string): Promise<Ends> {
    const { endpoint, primary } = this.plan;
    this.did(`It stops here: ${why}`);
    const states = await Promise.all(
      this.decision.candidates.map(({ host }) =>
        said(this.host.peer(host, 'role').status({ endpoint, deadlineMs: 1_000 }), within.kernel),
      ),
    );
    const standbys = states.every((state) => 'value' in state && state.value.state === 'standby');
    if (this.fence.length === 0 && standbys) await this.open(primary);
    else
      this.did(
        `${endpoint} stays closed, since ${this.fence.length > 0 ? `${primary} is fenced` : 'a standby may have been promoted'}`,
      );
    return { outcome: 'failed', why };
  }

  private async each(forwarders: readonly string[], act: (forwarder: string) => Promise<void>): Promise<void> {
    await Promise.all(forwarders.map(act));
  }

  private did(what: string): void {
    this.acts.push({ afterMs: Math.max(0, Date.now() - this.sinceMs), what });
  }

  private get lease() {
    return { target: this.plan.endpoint, epoch: this.plan.epoch };
  }

  private member(name: string): EndpointFacts['terms']['members'][string] {
    return this.facts.terms.members[name]!;
  }

  private traffic(forwarder: string) {
    return this.host.peer(this.facts.terms.forwarders[forwarder]!.host, 'traffic');
  }
}
