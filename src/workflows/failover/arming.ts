import type { Survey } from '../../activities/endpoints';
import type { ArmedTerms } from '../../contract/armed';
import { isSameDraft, type ArmedDraft } from '../../planning/failover/armed';
import type { GuardPlan } from '../../planning/failover/guard';
import { refuse } from '../kit/render';
import { swift } from '../kit/proxies';
import type { Runbook } from '../kit/runbook';

/** How long a guard waits for another run to give the endpoint back, ms: it has to watch. */
const reserveMs = 10_000;

/** The plan that the agents of an endpoint hold for the time when Temporal is down, as its guard sees to it. */
export class Arming {
  constructor(
    private readonly book: Runbook,
    private readonly endpoint: string,
    /** What they hold; a guard that continues as new takes it along. */
    public held: ArmedTerms | undefined,
  ) {}

  /** They hold exactly this plan, or none. One that is the same is renewed by the watch. */
  async see({ armed, primary }: GuardPlan, { facts, epoch }: Survey): Promise<void> {
    if ('draft' in armed && isSameDraft(this.draft, armed.draft)) return;
    if ('not' in armed) await this.disarm(armed.not);
    else await this.arm(armed.draft, primary, facts.terms.armed!.expires, epoch);
  }

  /** Nothing is done by the agents alone any more. */
  async disarm(why: string): Promise<void> {
    const { held, endpoint, book } = this;
    if (!held) return;
    this.held = undefined;
    await book.attempt(`Disarm ${endpoint}: ${why}`, () => this.takeBack(held));
  }

  /** For the end of the run, when no step can be made any more. */
  async end(): Promise<void> {
    if (this.held) await this.takeBack(this.held);
  }

  private async arm(draft: ArmedDraft, primary: string, expires: number, atLeast: number): Promise<void> {
    const { book, endpoint } = this;
    const sentence = `Arm ${endpoint}: ${draft.candidates.join(' or ')} takes over from ${primary} while Temporal is down`;
    this.held = await book.attempt(sentence, async () => {
      const epoch = await book.reserve(endpoint, atLeast, reserveMs);
      if (epoch === undefined) throw refuse('BadPlan', { name: endpoint, why: 'another run holds the endpoint' });
      const terms = { ...draft, epoch };
      await swift.armEndpoint({ plan: terms, expires });
      return terms;
    });
  }

  private takeBack({ epoch, observers }: ArmedTerms): Promise<unknown> {
    const { endpoint } = this;
    return swift.disarmEndpoint({ endpoint, epoch, observers: observers.map(({ host }) => host) });
  }

  private get draft(): ArmedDraft | undefined {
    if (!this.held) return undefined;
    const { epoch: _, ...draft } = this.held;
    return draft;
  }
}
