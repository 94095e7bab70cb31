import type { Decision, ProvisioningPolicy } from './policy';
import type { Replay } from './simulate';

/** What a replay means for whoever wonders whether to switch it on: one sentence beside what most people do now. */
export function verdictOf([ours, ...others]: readonly Replay[], { slo }: ProvisioningPolicy, days: number): string {
  if (!ours) return '';
  const beside = others
    .filter(({ rule }) => rule !== sameAsYesterdayRule)
    .map((other) => `${compared(ours, other)} (short of capacity ${percent(other.violations)} of the time)`);
  const kept = ours.violations <= slo;
  const short = `${percent(ours.violations)} of the time, ${kept ? 'within' : 'more than'} the ${percent(slo)} that are aimed at`;
  return `In these ${days} days, switched on, it would have needed ${beside.join(' and ')}; it would have been short of capacity ${short}, with ${rounded(ours.changesADay)} changes a day${kept ? '' : ': leave it at `autonomy: forecast`, or give it a smaller `capacity`'}.`;
}

const sameAsYesterdayRule = 'same as yesterday';

function compared({ cost }: Replay, other: Replay): string {
  const saved = 1 - cost / other.cost;
  if (Math.abs(saved) < 0.005) return `as much capacity as ${other.rule}`;
  return `${percent(Math.abs(saved), 0)} ${saved > 0 ? 'less' : 'more'} capacity than ${other.rule}`;
}

/** How many decisions went by the forecast, and how many by the load of now because the forecast did not deserve it. */
export function rulesOf(decisions: readonly Decision[]): Record<Decision['rule'], number> {
  const reactive = decisions.filter(({ rule }) => rule === 'reactive').length;
  return { predictive: decisions.length - reactive, reactive };
}

const rounded = (value: number): number => Number(value.toPrecision(2));
export const percent = (share: number, digits = share < 0.1 ? 2 : 0): string =>
  `${Number((100 * share).toFixed(digits))} %`;
