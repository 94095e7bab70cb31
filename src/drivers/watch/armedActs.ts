import type { ArmedPlan } from '../../contract/armed';
import type { MemberView } from '../../contract/capabilities/role';
import type { Deed } from '../../contract/sights';
import type { ArmedDecision } from '../../planning/failover/armed';
import { answered, type EndpointFacts } from '../../planning/failover/facts';
import { staysClosed } from '../../planning/failover/mayYetBe';
import { voteSentences } from '../../planning/failover/verdict';
import type { Host } from '../host';
import { ArmedFencing } from './armedFencing';
import { ArmedOrders } from './armedOrders';
import { ArmedPromotion } from './armedPromotion';
import { ArmedRoutes } from './armedRoutes';
import { said } from '../said';

/** Who is asked what it is answers within this, ms. */
const statusMs = 1_000;

type Decision = Extract<ArmedDecision, { does: 'act' }>;
type Ends = Pick<Deed, 'outcome' | 'why' | 'failover'>;

/** The acts of one failover by the agents themselves, each under the epoch of the plan. */
export class ArmedActs {
  private readonly sinceMs: number;
  private readonly orders: ArmedOrders;
  private readonly routes: ArmedRoutes;
  private readonly fencing: ArmedFencing;
  private readonly promotion: ArmedPromotion;

  constructor(
    private readonly host: Host,
    private readonly plan: ArmedPlan,
    private readonly facts: EndpointFacts,
    private readonly decision: Decision,
  ) {
    this.sinceMs = decision.judgement.sinceMs ?? facts.nowMs;
    this.orders = new ArmedOrders(host, plan, facts.terms, this.sinceMs);
    this.routes = new ArmedRoutes(this.orders);
    this.fencing = new ArmedFencing(this.orders);
    this.promotion = new ArmedPromotion(this.orders, this.fencing);
  }

  async carryOut(): Promise<Omit<Deed, 'number'>> {
    const { endpoint: target, primary: failed, epoch } = this.plan;
    const { orders, decision, host } = this;
    orders.did(`${decision.judgement.sentence}; no workflow did anything, and ${host.name} was given the plan`);
    const ends = await this.perform();
    return { atMs: Date.now(), target, failed, epoch, acts: orders.acts, ...ends };
  }

  private async perform(): Promise<Ends> {
    const { primary } = this.plan;
    const { sealed, judgement } = this.decision;
    const { address } = this.orders.member(primary);
    const fencing = this.fencing.fenceOld({ answers: answered(this.facts.members[primary]), sealed });
    const moved = await this.routes.close(address);
    const doubt = await fencing;
    const stop = moved ?? doubt;
    if (stop !== undefined) return this.giveUp(stop);
    const promoted = await this.promotion.promote(this.candidates());
    if ('not' in promoted) return this.giveUp(promoted.not);
    const { to, timeline } = promoted;
    if (!(await this.routes.open(to)))
      return { outcome: 'failed', why: `${to} was promoted, and no forwarder leads to it` };
    const openAtMs = Date.now();
    const cut = await this.routes.free(address);
    const { verdict, sentence } = judgement;
    const seen = { sinceMs: this.sinceMs, verdict, votes: voteSentences(judgement) };
    const failover = { ...seen, to, timeline, openAtMs, fence: this.fencing.proof, cut };
    return { outcome: 'done', why: sentence, failover };
  }

  /** What this agent closed is opened to the old primary again, where nobody else is or may become the primary. */
  private async giveUp(why: string): Promise<Ends> {
    const { endpoint, primary } = this.plan;
    this.orders.did(`It stops here: ${why}`);
    const shut = staysClosed({
      primary,
      fenced: this.fencing.proof.length > 0,
      open: this.promotion.open,
      candidates: this.candidates(),
      states: await this.states(),
    });
    if (shut === undefined) await this.routes.open(primary);
    else this.orders.did(`${endpoint} stays closed, since ${shut}`);
    return { outcome: 'failed', why };
  }

  /** What the other members say that they are; silence is left out. */
  private async states(): Promise<Record<string, MemberView['state']>> {
    const { endpoint, primary } = this.plan;
    const others = Object.keys(this.facts.terms.members).filter((member) => member !== primary);
    const asked = others.map(async (member) => {
      const answer = await said(this.orders.role(member).status({ endpoint, deadlineMs: statusMs }), statusMs);
      return 'value' in answer ? [[member, answer.value.state] as const] : [];
    });
    return Object.fromEntries((await Promise.all(asked)).flat());
  }

  private candidates(): string[] {
    return this.decision.candidates.map(({ member }) => member);
  }
}
