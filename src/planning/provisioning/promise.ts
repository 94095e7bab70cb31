import type { Outlook } from '../../contract/outlook';
import { keptBy } from '../forecast/kept';
import type { Series } from '../forecast/series';

/** What came of the steps that the last outlook promised. */
export interface Promised {
  /** Steps that have come since, and were measured. */
  steps: number;
  /** Share of them inside the 80 % and the 95 % band. */
  inside80: number;
  inside95: number;
  /** Mean absolute distance from what was forecast, in the unit of the load. */
  error: number;
}

/** Holds an outlook against what came. Undefined while none of its steps has. */
export function promised(outlook: Outlook | undefined, came: Series): Promised | undefined {
  const kept = outlook && keptBy(outlook.forecast, came);
  if (!kept) return undefined;
  const inside = (level: number) => kept.inside.find((band) => band.level === level)?.share ?? 0;
  return { steps: kept.steps, inside80: inside(80), inside95: inside(95), error: kept.meanError };
}
