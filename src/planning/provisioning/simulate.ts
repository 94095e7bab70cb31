import type { Series } from '../forecast/series';
import { decide } from './decide';
import { pastOutlooks } from './outlooks';
import type { Decision, Outlook, ProvisioningPolicy } from './policy';
import { horizontalPodAutoscaler, sameAsYesterday, staticPeak, type Rule } from './rules';
import { unitsFor } from './wish';

/** What a rule would have done to an object over some days of its history. */
export interface Replay {
  rule: string;
  /** Share of the steps in which the load was above the capacity. */
  violations: number;
  /** Load above the capacity, as a share of all load. */
  unserved: number;
  /** Capacity above the load, as a share of all load. */
  idle: number;
  changesADay: number;
  /** Capacity as a multiple of what would have been enough in each step. */
  cost: number;
}

/** A what-if over history. */
export interface Rehearsal {
  series: Series;
  policy: ProvisioningPolicy;
  days: number;
  /** Steps from one forecast to the next. */
  every: number;
}

/** The policy over the last days, decision by decision and forecast by forecast, beside what people do without one. */
export function simulate({ series, policy, days, every }: Rehearsal): { replays: Replay[]; decisions: Decision[] } {
  const { stepMs, startMs, values } = series;
  const stepsADay = Math.max(1, Math.round(86_400_000 / stepMs));
  const load = heldLoad(values);
  const from = Math.max(1, load.length - Math.round(days * stepsADay));
  const learnFrom = Math.max(1, from - 3 * stepsADay);
  const horizon = every + policy.leadSteps + policy.holdSteps;
  const outlooks = pastOutlooks(series, { from: learnFrom, to: load.length, every, horizon });
  const decisions: Decision[] = [];
  const ours: Rule = (_, step, current) => {
    if ((step - from) % policy.holdSteps !== 0) return decisions.at(-1)?.desired ?? current;
    const nowMs = startMs + step * stepMs;
    const situation = {
      policy,
      stepMs,
      startMs,
      observed: values.slice(0, step),
      nowMs,
      outlooks: knownAt(outlooks, nowMs, stepMs, stepsADay),
      current,
      lately: decisions.slice(-stepsADay),
    };
    const decision = decide(situation);
    decisions.push(decision);
    return decision.desired;
  };
  const rules: [string, Rule][] = [
    ['evenkeel', ours],
    ['static peak', staticPeak(load, from, stepsADay, policy)],
    ['HPA at 70 %', horizontalPodAutoscaler(policy)],
    ['same as yesterday', sameAsYesterday(stepsADay, policy)],
  ];
  return { replays: rules.map(([name, rule]) => replay(name, rule, load, from, stepsADay, policy)), decisions };
}

/** Those that were made by then and are not older than what the policy looks at. */
function knownAt(outlooks: readonly Outlook[], nowMs: number, stepMs: number, stepsADay: number): Outlook[] {
  return outlooks.filter((each) => each.startMs <= nowMs && each.startMs > nowMs - 3 * stepsADay * stepMs);
}

function heldLoad(values: Series['values']): Float64Array {
  const load = new Float64Array(values.length);
  for (let i = 0; i < load.length; i++) load[i] = values[i] ?? load[i - 1] ?? 0;
  return load;
}

function replay(
  name: string,
  rule: Rule,
  load: Float64Array,
  from: number,
  stepsADay: number,
  { unit, min, max, leadSteps }: ProvisioningPolicy,
): Replay {
  let capacity = Math.min(max, Math.max(min, unitsFor(1.3 * load[from - 1]!, unit)));
  const coming: number[] = [];
  const sums = { violations: 0, unserved: 0, idle: 0, changes: 0, units: 0, enough: 0, load: 0 };
  for (let step = from; step < load.length; step++) {
    coming.push(Math.min(max, Math.max(min, rule(load, step, capacity))));
    const next = coming.length > leadSteps ? coming.shift()! : capacity;
    if (next !== capacity) sums.changes++;
    capacity = next;
    const lack = load[step]! - capacity * unit;
    if (lack > 1e-9 * unit) sums.violations++;
    sums.unserved += Math.max(0, lack);
    sums.idle += Math.max(0, -lack);
    sums.units += capacity;
    sums.enough += Math.max(min, unitsFor(load[step]!, unit));
    sums.load += load[step]!;
  }
  const steps = load.length - from;
  const all = sums.load || 1;
  return {
    rule: name,
    violations: sums.violations / steps,
    unserved: sums.unserved / all,
    idle: sums.idle / all,
    changesADay: (sums.changes / steps) * stepsADay,
    cost: sums.units / (sums.enough || 1),
  };
}
