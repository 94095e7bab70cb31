import { setTimeout as pause } from 'node:timers/promises';
import type { ArmedPlan } from '../../contract/armed';
import type { EndpointEntry } from '../../contract/endpoints';
import type { Observation } from '../../contract/sights';
import { decideArmed, judgeArmed } from '../../planning/failover/armed';
import { majorityOf } from '../../planning/failover/verdict';
import type { Host } from '../host';
import { ArmedActs } from './armedActs';
import type { ArmedBook } from './armedBook';
import { councilOf, factsOf, movedAtOf } from './armedSurvey';
import type { DeedBook } from './deedBook';
import { refuseForged } from './seal';
import { said } from '../said';
import { peerMs } from './side';

/** Time between two rounds of questions while the primary is gone, ms. */
const roundMs = 150;
/** Each further observer waits so much longer than the one before it, ms: the first acts, the others see that it did. */
const laterMs = 700;
/** After an end without a deed it is thought of again this soon, ms. */
const againMs = 2_000;

/**
 * Carries out a plan that was armed, when the primary is gone and no workflow does anything about it. The agents agree on one
 * of them first: a majority of the observers, each of which misses the primary itself, gives it the right, once.
 */
export class ArmedFailovers {
  private readonly busy = new Map<string, Promise<void>>();
  private readonly notBeforeMs = new Map<string, number>();
  private readonly refused = new Set<string>();
  private stopped = false;

  constructor(
    private readonly host: Host,
    private readonly plans: ArmedBook,
    private readonly deeds: DeedBook,
    private readonly seen: (target: string) => Observation,
  ) {}

  /** Hears of everything that is seen of an endpoint. */
  consider(target: string, entry: EndpointEntry): void {
    const plan = this.planOf(target);
    if (!plan || this.busy.has(target) || performance.now() < (this.notBeforeMs.get(target) ?? 0)) return;
    if (!this.misses(plan, entry)) return;
    const attending = this.attend(plan, entry)
      .catch((error: unknown) =>
        this.host.log('an armed failover failed', { level: 'error', endpoint: target, why: String(error) }),
      )
      .finally(() => {
        this.busy.delete(target);
        this.notBeforeMs.set(target, performance.now() + againMs);
      });
    this.busy.set(target, attending);
  }

  /** Returns when nothing is under way any more. */
  async stop(): Promise<void> {
    this.stopped = true;
    await Promise.all(this.busy.values());
  }

  /** Asks the others again and again, until the workflow had its time, and nobody acted. */
  private async attend(plan: ArmedPlan, entry: EndpointEntry): Promise<void> {
    let sinceMs: number | undefined;
    let refusal: string | undefined;
    for (; !this.stopped; await pause(roundMs)) {
      if (this.planOf(plan.endpoint)?.epoch !== plan.epoch || !this.misses(plan, entry)) return;
      const observations = await councilOf(this.host, plan, this.seen(plan.endpoint));
      if (!judgeArmed(plan, entry, observations).majority) sinceMs = undefined;
      else sinceMs ??= performance.now();
      const living = plan.observers.filter(({ host }) => observations.some(({ observer }) => observer === host));
      const rank = living.findIndex(({ host }) => host === this.host.name);
      const waited = sinceMs === undefined ? 0 : performance.now() - sinceMs;
      if (sinceMs !== undefined && waited >= plan.afterMs + rank * laterMs) {
        const why = await this.decide(plan, entry, observations);
        // On a starved machine an answer may be late once: what is refused twice is refused.
        if (why === undefined || why === refusal) return this.refuse(plan, why);
        refusal = why;
      }
    }
  }

  /** Why it may not be used, or nothing when it was, or is not needed. */
  private async decide(
    plan: ArmedPlan,
    entry: EndpointEntry,
    observations: Observation[],
  ): Promise<string | undefined> {
    const { endpoint } = plan;
    const [facts, movedAtMs] = await Promise.all([
      factsOf(this.host, plan, entry, observations),
      movedAtOf(this.host, plan, this.deeds),
    ]);
    // It was checked when it came; what lay on a disk meanwhile is checked again.
    refuseForged(plan, this.host.trust, facts.nowMs);
    const decision = decideArmed({
      plan,
      facts,
      rails: this.host.rails,
      ...(movedAtMs !== undefined && { movedAtMs }),
    });
    const { does } = decision;
    if (does === 'refused') return decision.why;
    if (does === 'wait') this.host.log('the armed plan is not needed', { endpoint, why: decision.why });
    if (does === 'wait' || !(await this.claims(plan))) return undefined;
    this.plans.spend(endpoint, plan.epoch);
    const acts = new ArmedActs(this.host, plan, facts, decision);
    const deed = this.deeds.write(await acts.carryOut());
    const { outcome, why, number } = deed;
    this.host.log('failed over by an armed plan', { endpoint, epoch: plan.epoch, outcome, why, number });
    return undefined;
  }

  /** In one order, which all keep: of two who want it at once the second finds the first one's name, and gives up. */
  private async claims({ endpoint: target, epoch, observers }: ArmedPlan): Promise<boolean> {
    let grants = 0;
    for (const { host } of observers) {
      const claim = { target, lease: { target, epoch }, by: this.host.name };
      const answer = await said(this.host.peer(host, 'watch').claim(claim), peerMs * 5);
      const { granted, has, why } = 'value' in answer ? answer.value : { granted: false, has: undefined, ...answer };
      if (granted) grants++;
      else this.host.log('the armed plan was not granted', { endpoint: target, by: host, has, why });
      if (has !== undefined) return false;
    }
    return grants >= majorityOf(observers.length);
  }

  /** Said once of each plan and reason. */
  private refuse({ endpoint: target, epoch, primary: failed }: ArmedPlan, why: string | undefined): void {
    if (why === undefined) return;
    const key = `${target} ${epoch} ${why}`;
    if (this.refused.has(key)) return;
    this.refused.add(key);
    this.deeds.write({ atMs: Date.now(), target, failed, epoch, acts: [], outcome: 'refused', why });
    this.host.log('the armed plan is not used', { endpoint: target, epoch, why });
  }

  private planOf(target: string): ArmedPlan | undefined {
    const { plan, spent } = this.plans.of(target);
    return plan && plan.epoch > spent ? plan : undefined;
  }

  private misses(plan: ArmedPlan, entry: EndpointEntry): boolean {
    return judgeArmed(plan, entry, [this.seen(plan.endpoint)]).down > 0;
  }
}
