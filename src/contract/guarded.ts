import { z } from 'zod';
import { Duration, Period } from './durations';

/** `observe` only says what it would do; `ask` waits for an approval; `act` fails over. */
export const Autonomy = z.enum(['observe', 'ask', 'act']);
export type Autonomy = z.output<typeof Autonomy>;

/** How a real request is repeated, and when it counts as missed. ms once it is read. */
export const probe = (every: string, deadline: string) =>
  z
    .strictObject({
      every: Period.prefault(every).describe('time between two requests'),
      deadline: Period.prefault(deadline).describe('a request that has no answer by then is a miss'),
      misses: z.number().int().min(1).max(20).default(2).describe('misses in a row that count as silence'),
    })
    .prefault({});

/** What holds for everything that is guarded. */
export const Guarding = {
  autonomy: Autonomy.default('ask').describe('observe: only say it; ask: after an approval; act: fail over at once'),
  coolDown: Duration.prefault('10min').describe('no second failover by itself within this time'),
  maintenance: z
    .union([z.literal(false), z.string().min(1)])
    .default(false)
    .describe('the reason why nothing fails over by itself now, or false'),
};

export const Name = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$/i, 'use letters, digits, dots and hyphens')
  .max(63);
export const Port = z.number().int().min(1).max(65_535);
export const Address = z.union([z.ipv4(), z.ipv6()]);
export const Command = z.array(z.string()).min(1).describe('word by word, without a shell');
