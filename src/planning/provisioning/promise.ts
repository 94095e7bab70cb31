import type { Outlook } from '../../contract/outlook';
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
export function promised(outlook: Outlook | undefined, { startMs, stepMs, values }: Series): Promised | undefined {
  if (!outlook || outlook.forecast.stepMs !== stepMs) return undefined;
  const { forecast } = outlook;
  const within = (level: number, step: number, value: number) => {
    const band = forecast.bands.find((each) => each.level === level);
    return band !== undefined && value >= band.lower[step]! && value <= band.upper[step]!;
  };
  const sums = { steps: 0, inside80: 0, inside95: 0, error: 0 };
  for (const [step, expected] of forecast.mean.entries()) {
    const value = values[Math.round((forecast.startMs - startMs) / stepMs) + step];
    if (value === undefined || value === null) continue;
    sums.steps++;
    sums.inside80 += within(80, step, value) ? 1 : 0;
    sums.inside95 += within(95, step, value) ? 1 : 0;
    sums.error += Math.abs(value - expected);
  }
  if (sums.steps === 0) return undefined;
  const { steps, inside80, inside95, error } = sums;
  return { steps, inside80: inside80 / steps, inside95: inside95 / steps, error: error / steps };
}
