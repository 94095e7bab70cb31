import type { Survey } from '../../activities/endpoints';
import type { ArmedTerms } from '../../contract/armed';
import { isSameDraft, type ArmedDraft } from '../../planning/failover/armed';
import type { GuardPlan } from '../../planning/failover/guard';
import { unheardFacts, type Unheard } from '../../planning/failover/unheard';
import { refuse } from '../kit/render';
import { swift } from '../kit/proxies';
import type { Runbook } from '../kit/runbook';

/** How long a guard waits for another run to give the endpoint back, ms: it has to watch. */
const reserveMs = 10_000;
/** Who did not hear that a plan was taken back is told again after this, until the plan has ended, ms. */
const againMs = 30_000;

/** What a guard carries over of it when it continues as new. */
export interface ArmedPast {
  /** The plan that the agents hold, and for how long when nobody renews it, ms. */
  armed?: ArmedTerms;
  expires?: number;
  unheard?: Unheard;
}

/** The plan that the agents of an endpoint hold for the time when Temporal is down, as its guard sees to it. */
export class Arming {
  constructor(
    private readonly book: Runbook,
    private readonly endpoint: string,
    private past: ArmedPast = {},
  ) {}

  get held(): ArmedTerms | undefined {
    return this.past.armed;
  }

  /** Somebody may hold a plan that was taken back. */
  get isUnheard(): boolean {
    return this.past.unheard !== undefined;
  }

  get carried(): ArmedPast {
    return this.past;
  }

  /** They hold exactly this plan, or none. One that is the same is renewed by the watch. */
  async see({ armed, primary }: GuardPlan, { facts, epoch }: Survey): Promise<void> {
    await this.tellAgain();
    if ('draft' in armed && isSameDraft(this.draft, armed.draft)) return;
    if ('not' in armed) await this.disarm(armed.not);
    else await this.arm(armed.draft, primary, facts.terms.armed!.expires, epoch);
  }

  /** A pause promises that nothing moves: neither by the agents alone. */
  async whilePaused(): Promise<void> {
    while (this.book.pauses.now) {
      await this.disarm('its guard is paused');
      await this.book.pauses.over(this.isUnheard ? againMs : undefined);
      await this.tellAgain();
    }
  }

  /** Nothing is done by the agents alone any more. */
  async disarm(why: string): Promise<void> {
    const { armed, expires = 0, ...rest } = this.past;
    if (!armed) return;
    const { epoch } = armed;
    const observers = armed.observers.map(({ host }) => host);
    this.past = { ...rest, unheard: { epoch, observers, by: observers, untilMs: Date.now() + expires } };
    await this.tell(`Disarm ${this.endpoint}: ${why}`);
  }

  /** The guard ends: its last step says who has not heard it. */
  async end(): Promise<void> {
    if (this.held) await this.disarm('its guard ends');
    else await this.tellAgain();
  }

  private async tellAgain(): Promise<void> {
    const { unheard, ...rest } = this.past;
    if (!unheard) return;
    if (Date.now() >= unheard.untilMs) this.past = rest;
    else await this.tell(`Tell ${unheard.by.join(' and ')} that ${this.endpoint} is disarmed`);
  }

  /** The step fails, and says what that means, while somebody has not heard it. */
  private async tell(what: string): Promise<void> {
    const { endpoint: name, book } = this;
    const tell = async () => {
      const { unheard: before, ...rest } = this.past;
      const { not } = await swift.disarmEndpoint({ endpoint: name, epoch: before!.epoch, observers: before!.by });
      this.past = rest;
      if (not.length === 0) return;
      const unheard = { ...before!, by: not.map(({ host }) => host) };
      this.past = { ...rest, unheard };
      throw refuse('StillArmed', { name, ...unheardFacts(unheard) });
    };
    await book.attempt(what, tell, { evenPaused: true });
  }

  private async arm(draft: ArmedDraft, primary: string, expires: number, atLeast: number): Promise<void> {
    const { book, endpoint } = this;
    const sentence = `Arm ${endpoint}: ${draft.candidates.join(' or ')} takes over from ${primary} while Temporal is down`;
    let last = this.held;
    const armed = await book.attempt(sentence, async () => {
      const epoch = await book.reserve(endpoint, atLeast, reserveMs);
      if (epoch === undefined) throw refuse('BadPlan', { name: endpoint, why: 'another run holds the endpoint' });
      last = { ...draft, epoch };
      await swift.armEndpoint({ plan: last, expires });
      return last;
    });
    if (last) this.past = { ...this.past, armed: last, expires };
    // Some may have taken it, and others have the one before.
    if (!armed) await this.disarm('it could not be armed anew');
  }

  private get draft(): ArmedDraft | undefined {
    if (!this.held) return undefined;
    const { epoch: _, ...draft } = this.held;
    return draft;
  }
}
