import type { SaidForecast } from '../../contract/outlook';
import type { Forecast } from './forecast';

/** Six digits are more than any forecast knows; a history and a disk keep it for long. */
const digits = 6;
const short = (value: number): number => Number(value.toPrecision(digits));
const all = (values: readonly number[]): number[] => values.map(short);

/** A forecast as it is kept and shown: what people and the next run need of it. */
export function said({ startMs, stepMs, mean, bands, model, backtest, why, caution }: Forecast): SaidForecast {
  const { errors, naive, ratio, origins } = backtest;
  return {
    ...{ startMs, stepMs, model, why, origins },
    mean: all(mean),
    bands: bands.map(({ level, lower, upper }) => ({ level, lower: all(lower), upper: all(upper) })),
    errors: Object.fromEntries(Object.entries(errors).map(([name, error]) => [name, short(error)])),
    naive: short(naive),
    ...(ratio !== undefined && { ratio: short(ratio) }),
    ...(caution !== undefined && { caution }),
  };
}
