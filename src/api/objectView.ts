import { z } from 'zod';
import { SaidDecision } from '../contract/outlook';
import type { LoadPicture } from '../planning/picture/loadPicture';

const Line = z.object({
  startMs: z.number(),
  stepMs: z.number(),
  values: z.array(z.number().nullable()).readonly(),
});
const Band = z.object({
  level: z.number(),
  lower: z.array(z.number()).readonly(),
  upper: z.array(z.number()).readonly(),
});

/** Of a long load neighbouring steps are put together, so that there are some hundred points. */
const Picture = z.object({
  object: z.string(),
  unit: z.string().exactOptional().describe('of the load'),
  history: Line.describe('the load of the last two days; null where nothing was measured'),
  forecast: Line.extend({ bands: z.array(Band).readonly() }),
  earlier: Line.exactOptional().describe('what was forecast of the past, as much as a day before'),
  capacity: Line.exactOptional().describe('load that the size of then could carry'),
  recommended: Line.exactOptional().describe('load that the recommended size can carry'),
}) satisfies z.ZodType<LoadPicture>;

/** Something whose load is forecast: what its agent and the last outlook tell of it. Sizes are in `unit`. */
export const ObjectView = z.object({
  object: z.string(),
  host: z.string(),
  autonomy: z.enum(['forecast', 'ask', 'act']).describe('what is done about a forecast'),
  min: z.number(),
  max: z.number(),
  unit: z.string(),
  size: z.number().nullable().exactOptional().describe('null: it has no limit; left out: nobody can tell'),
  model: z.string().exactOptional().describe('the model that was chosen'),
  ratio: z.number().exactOptional().describe('its error as a share of that of seasonal naive'),
  why: z.string().exactOptional().describe('why it was chosen'),
  caution: z.string().exactOptional().describe('why nobody should act on it'),
  decision: SaidDecision.exactOptional(),
  saidAt: z.string().exactOptional().describe('when it was forecast and decided'),
  picture: Picture.exactOptional(),
  lookedAt: z.string().exactOptional().describe('when its load was read'),
  trouble: z
    .string()
    .exactOptional()
    .describe('what could not be looked at, and why; the rest is as it was known last'),
});
export type ObjectView = z.output<typeof ObjectView>;
