import { z } from 'zod';
import { Amount, Duration, Period } from './durations';
import { Resize } from './resizes';
import { Series } from './series';

/** `forecast` says what it would do; `ask` waits for an approval; `act` resizes. */
const Autonomy = z.enum(['forecast', 'ask', 'act']);

const Schedule = z.strictObject({
  every: Period.prefault('1h').describe('how often it is looked at'),
  jitter: Duration.prefault('30s').describe('runs of many objects are spread over this time'),
  catchUp: Duration.prefault('10min').describe('a run that was missed longer ago than this is left out'),
  changesADay: z.number().int().nonnegative().default(48).describe('resizes a day at the most'),
});

/** Something whose load is forecast, and whose size may follow. All its durations are ms once it is read. */
export const ObjectEntry = z.strictObject({
  host: z.string().describe('whose agent asks for the series, and resizes'),
  series: Series.describe('where the load comes from'),
  step: Period.prefault('5min').describe('time between two values of the series'),
  lead: Duration.prefault('10min').describe('how long a resize takes until it carries load'),
  hold: Duration.prefault('10min').describe('how long a size stays at the least'),
  resize: Resize.optional().describe('what is resized, and how; left out, it is only forecast'),
  min: Amount,
  max: Amount,
  capacity: z.number().positive().optional().describe('load that one unit carries'),
  targetUse: z
    .number()
    .positive()
    .max(1)
    .optional()
    .describe('instead of capacity, when the series is the share of the present size that is in use'),
  autonomy: Autonomy.default('forecast').describe('forecast: only say it; ask: after an approval; act'),
  schedule: Schedule.prefault({}),
});
export type ObjectEntry = z.output<typeof ObjectEntry>;
