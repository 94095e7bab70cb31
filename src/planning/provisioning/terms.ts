import { Refusal } from '../../contract/errors';
import type { ObjectEntry } from '../../contract/objects';
import { policyDefaults, type ProvisioningPolicy } from './policy';

/** What the fleet file says of an object, as far as a decision needs it. Times in ms. */
export interface Terms {
  name: string;
  stepMs: number;
  leadMs: number;
  holdMs: number;
  /** How often it is looked at. */
  everyMs: number;
  min: number;
  max: number;
  changesADay: number;
  /** Either the load that one unit carries, or the share of the present size that should be in use. */
  carries: { capacity: number } | { targetUse: number };
}

export function termsOf(
  name: string,
  { min, max, step, lead, hold, schedule, capacity, targetUse }: ObjectEntry,
): Terms {
  return {
    ...{ name, min, max, stepMs: step, leadMs: lead, holdMs: hold, everyMs: schedule.every },
    changesADay: schedule.changesADay,
    carries: capacity === undefined ? { targetUse: targetUse ?? 1 } : { capacity },
  };
}

const dayMs = 86_400_000;
/** A decision is not made more often than the object is looked at, so each must do until the next look. */
const holdOf = ({ holdMs, everyMs }: Terms): number => Math.max(holdMs, everyMs);
const stepsOf = (ms: number, { stepMs }: Terms): number => Math.max(1, Math.ceil(ms / stepMs));

export function policyOf(terms: Terms): ProvisioningPolicy {
  const { min, max, carries, changesADay, leadMs } = terms;
  return {
    ...policyDefaults,
    ...{ min, max, mostChangesADay: changesADay },
    unit: 'capacity' in carries ? carries.capacity : carries.targetUse,
    leadSteps: Math.ceil(leadMs / terms.stepMs),
    holdSteps: stepsOf(holdOf(terms), terms),
  };
}

/** Steps that a forecast must reach: a day for those who look, and further where a decision needs it. */
export const reachOf = (terms: Terms): number =>
  Math.max(
    stepsOf(dayMs, terms),
    2 * stepsOf(terms.everyMs, terms) + stepsOf(terms.leadMs, terms) + stepsOf(holdOf(terms), terms),
  );

/** Steps that a decision looks ahead: until the next look, and as long as what is then decided must hold. */
export const nearReachOf = (terms: Terms): number =>
  stepsOf(terms.everyMs, terms) + stepsOf(terms.leadMs, terms) + stepsOf(holdOf(terms), terms);

/** Steps of an earlier outlook that may still matter: until the next one, or several when some were missed. */
export const rememberedSteps = (terms: Terms): number =>
  4 * stepsOf(terms.everyMs, terms) + stepsOf(terms.leadMs, terms) + stepsOf(holdOf(terms), terms);

const quarterHourMs = 900_000;
const mostSteps = 30_000;

/** How much history is read: two weeks, five where the steps are long. */
export function historyMs({ stepMs }: Terms): number {
  const days = stepMs <= quarterHourMs ? 14 : 35;
  return Math.min(days * dayMs, mostSteps * stepMs);
}

/** A series of use (the share of the present size) as units in use: what was in use of the size that there was then. */
export function inUnits(
  values: readonly (number | null)[],
  { startMs, stepMs, carries, name }: Terms & { startMs: number },
  sizes: readonly { atMs: number; size: number }[],
  current: number | null,
): (number | null)[] {
  if ('capacity' in carries) return [...values];
  if (current === null)
    throw new Refusal('BadInput', {
      what: `${name} tells its use, and nobody can tell its size: give capacity instead`,
    });
  let next = 0;
  let size = sizes[0]?.size ?? current;
  return values.map((value, step) => {
    while (next < sizes.length && sizes[next]!.atMs <= startMs + step * stepMs) size = sizes[next++]!.size;
    return value === null ? null : value * size;
  });
}
