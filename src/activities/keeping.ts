import { setTimeout as pause } from 'node:timers/promises';
import type { ArmedTerms } from '../contract/armed';
import type { Fleet } from '../contract/fleet';
import { isSameDraft, planArmed } from '../planning/failover/armed';
import { changedHosts, type EndpointTerms } from '../planning/failover/facts';
import { barredBy } from '../planning/rails';
import type { Hands } from '.';
import { arm } from './arming';
import { surveyOf, termsOf } from './endpoints';

/** How often it is looked whether the plan still fits, ms; a difference must be there when it is looked again so soon. */
const lookMs = 30_000;
const againMs = 3_000;
/** A fleet file that says something else is not heard of before, ms: workers may have different ones. */
const settleMs = 3_000;

/** The plan that a guard wants to be kept while it watches, or none. */
export interface Keeping {
  plan?: ArmedTerms;
  /** Until when a failover of the workflow's own cools down, ms since the epoch of Unix. */
  notBeforeMs: number;
}

/**
 * Stands beside a watch: renews the plan before half of its time is over, and looks whether another one would be made now. The
 * history of the guard grows only when there is a difference.
 */
export class Keeper {
  /** Why the guard has to look around. */
  changed: string | undefined;
  private readonly begunMs = Date.now();

  constructor(
    private readonly hands: Hands,
    private readonly terms: EndpointTerms,
    private readonly primary: string,
    private readonly keeping: Keeping,
  ) {}

  /** Cheap enough to be asked several times a second. */
  fileChanged(): string | undefined {
    if (Date.now() - this.begunMs < settleMs) return undefined;
    const now = this.hands.fleet();
    if (!same(now, this.terms)) return 'the fleet file says something else';
    return this.keeping.plan && barredBy(now.limits, changedHosts(this.terms));
  }

  /**
   * Until it is stopped, or something has changed. Never fails, and nobody need wait for its end: a look that was under way
   * changes nothing then, and an agent refuses a plan that was on its way when it was taken back.
   */
  async keep(signal: AbortSignal): Promise<void> {
    const { armed } = this.terms;
    if (!armed) return;
    const { plan } = this.keeping;
    let renewedMs = Date.now();
    while (!signal.aborted && this.changed === undefined) {
      await sleep(Math.min(lookMs, armed.expires / 3), signal);
      if (signal.aborted) return;
      try {
        const lasts = (await this.differs()) && (await sleep(againMs, signal)) && (await this.differs());
        // Whoever ended the watch may be taking the plan back.
        if (signal.aborted) return;
        if (lasts) this.changed = 'another plan would be made now';
        else if (plan && Date.now() - renewedMs >= armed.expires / 3) {
          await arm(this.hands, plan, armed.expires);
          renewedMs = Date.now();
        }
      } catch (error) {
        this.changed = error instanceof Error ? error.message : String(error);
      }
    }
  }

  private async differs(): Promise<boolean> {
    const { endpoint } = this.terms;
    const { facts, rails } = await surveyOf(this.hands, { endpoint, haste: 'none' });
    const { plan, notBeforeMs } = this.keeping;
    const wanted = planArmed(facts, rails, this.primary, notBeforeMs);
    if (!('draft' in wanted)) return plan !== undefined && !isMissed(wanted.not);
    return !isSameDraft(plan, wanted.draft);
  }
}

/** The watch itself hears of a primary that is missed; the plan stays, since it may be needed now. */
const isMissed = (why: string): boolean => why === 'an observer misses the primary';

function same(fleet: Fleet, terms: EndpointTerms): boolean {
  try {
    return JSON.stringify(termsOf(fleet, terms.endpoint)) === JSON.stringify(terms);
  } catch {
    return false; // it is no longer in the file, and the guard will say so
  }
}

const sleep = (ms: number, signal: AbortSignal): Promise<boolean> => pause(ms, true, { signal }).catch(() => false); // stopped
