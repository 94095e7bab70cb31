import { z } from 'zod';

/** A forecast as it was said at one moment, with its evidence. Values are in the unit of the load, one a step. */
export const SaidForecast = z.object({
  /** When the first step begins. */
  startMs: z.number(),
  stepMs: z.number().positive(),
  mean: z.array(z.number()),
  /** `level` of a hundred values are expected between the two. */
  bands: z.array(z.object({ level: z.number(), lower: z.array(z.number()), upper: z.array(z.number()) })),
  model: z.string(),
  /** Mean absolute error of each model in the backtest. */
  errors: z.record(z.string(), z.number()),
  /** The same of "as at this time yesterday". */
  naive: z.number(),
  /** Moments of the past at which the models were compared. */
  origins: z.number().int(),
  /** The chosen model's error as a share of that; below 1 it is better. */
  ratio: z.number().optional(),
  why: z.string(),
  /** Why nobody should act on it; absent when it beats seasonal naive. */
  caution: z.string().optional(),
});
export type SaidForecast = z.output<typeof SaidForecast>;

/** What was decided on a forecast; sizes are in units of the object. */
export const SaidDecision = z.object({
  wish: z.number(),
  desired: z.number(),
  rule: z.enum(['predictive', 'reactive']),
  reason: z.string(),
  bounds: z.array(z.string()),
  /** False where the fleet file only wants a forecast, or nobody approved. */
  done: z.boolean(),
});
export type SaidDecision = z.output<typeof SaidDecision>;

/** What was said of an object at one moment. */
export const Outlook = z.object({
  atMs: z.number().int(),
  forecast: SaidForecast,
  /** The one that decisions look at: as far as they must hold and no further, which is what it was tested on. */
  near: SaidForecast.optional(),
  decision: SaidDecision.optional(),
  /** Its size then; null when nobody could tell. */
  size: z.number().nullable().optional(),
  /** Load that one unit carries. */
  capacity: z.number().positive().optional(),
});
export type Outlook = z.output<typeof Outlook>;
