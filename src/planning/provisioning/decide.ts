import { fullnessOf, marginOf } from './margin';
import type { Decision, Situation } from './policy';
import { distrust, staleSteps } from './trust';
import { viewOf, type View } from './view';
import { needAt, reactiveNeed, unitsFor } from './wish';

/**
 * How many units from `leadSteps` on. Up at once; down only to the largest wish of the last decisions, and not at all once
 * the day's changes are used up. Acts on the forecast as long as it deserves it, else on the load of now, and says why.
 */
export function decide(situation: Situation): Decision {
  const view = viewOf(situation);
  const stale = staleSteps(situation, view);
  if (view.load.length === 0 || stale > situation.policy.staleSteps) return stay(situation, stale);
  const doubt = distrust(situation, view);
  const margin = doubt === undefined ? marginOf(view) : undefined;
  const need = doubt === undefined ? needAt(view, view.load.length, margin) : undefined;
  return need === undefined
    ? bounded(situation, reactive(situation, view, doubt ?? 'the forecast does not reach so far'))
    : bounded(situation, predictive(situation, need, margin));
}

type Wished = Pick<Decision, 'wish' | 'rule' | 'reason' | 'margin'>;

function predictive({ policy }: Situation, need: number, margin: number | undefined): Wished {
  const wish = unitsFor(need, policy.unit);
  const how = margin === undefined ? 'to the end of the 95 % band' : `with ${margin} of the 80 % band above it`;
  return {
    wish,
    rule: 'predictive',
    reason: `${wish} for the forecast ${how}`,
    ...(margin !== undefined && { margin }),
  };
}

function reactive({ policy }: Situation, view: View, doubt: string): Wished {
  const fullness = fullnessOf(view) ?? policy.reactiveFullness;
  const wish = unitsFor(reactiveNeed(view, view.load.length, fullness), policy.unit);
  const use = Math.round(100 * fullness);
  return { wish, rule: 'reactive', reason: `${wish} for the load of now at ${use} % use, since ${doubt}` };
}

/** Nothing is changed on what may no longer be true; the bounds hold all the same. */
function stay({ policy, nowMs, current }: Situation, stale: number): Decision {
  const desired = Math.min(policy.max, Math.max(policy.min, current));
  const reason = `${desired} as before: the last load that is known is ${stale} steps old`;
  return { atMs: nowMs, wish: current, desired, rule: 'reactive', reason, bounds: [] };
}

function bounded({ policy, stepMs, nowMs, current, lately }: Situation, wished: Wished): Decision {
  const bounds: Decision['bounds'] = [];
  let desired = wished.wish;
  const bound = (to: number, name: Decision['bounds'][number]) => {
    if (to !== desired) bounds.push(name);
    desired = to;
  };
  const planned = lately.at(-1)?.desired ?? current;
  if (desired < planned) {
    const since = nowMs - (policy.downAfter - 1) * policy.holdSteps * stepMs;
    const held = lately.filter(({ atMs }) => atMs >= since).map(({ wish }) => wish);
    bound(Math.min(planned, Math.max(desired, ...held)), 'hold');
  }
  if (desired < planned && changesOf(lately, nowMs) >= policy.mostChangesADay) bound(planned, 'changes');
  if (desired < policy.min) bound(policy.min, 'min');
  if (desired > policy.max) bound(policy.max, 'max');
  return { atMs: nowMs, desired, ...wished, bounds };
}

/** Changes within the last 24 hours. */
function changesOf(lately: Situation['lately'], nowMs: number): number {
  let changes = 0;
  for (let i = 1; i < lately.length; i++)
    if (lately[i]!.atMs > nowMs - 86_400_000 && lately[i]!.desired !== lately[i - 1]!.desired) changes++;
  return changes;
}
