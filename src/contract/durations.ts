import { z } from 'zod';
import { parseBytes, parseDuration } from './amounts';

/** A duration as people write it; ms once it is read. A bare number is refused: nobody can tell its unit. */
const duration = (syntax: RegExp) =>
  z.coerce
    .string<string>()
    .regex(syntax, 'a duration such as "5min"')
    .transform((text) => parseDuration(text)!);
export const Duration = duration(/^(\d+(\.\d+)?\s*(ms|s|m|min|h|d)\s*)+$/i);
export const Period = duration(/^(?=.*[1-9])(\d+(\.\d+)?\s*(ms|s|m|min|h|d)\s*)+$/i);

/** `3`, `0.5` or, of memory, `512MiB`. */
export const Amount = z
  .union([
    z.number().nonnegative(),
    z.string().refine((text) => parseBytes(text) !== undefined, 'expected a number, or bytes such as "512MiB"'),
  ])
  .describe('a number, or bytes such as "512MiB"')
  .transform((amount) => (typeof amount === 'number' ? amount : parseBytes(amount)!));
