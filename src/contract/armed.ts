import { z } from 'zod';

/**
 * A failover decided in advance, for the time when Temporal is down. Signed, so that an agent that relays it can change
 * nothing; single use, by its epoch, which no run was given; good until it expires and only while what it rests on holds.
 */
export const ArmedPlan = z.object({
  endpoint: z.string(),
  /** Reserved for this plan alone. */
  epoch: z.number().int().positive(),
  /** The epoch that the forwarders had when it was made. */
  from: z.number().int().nonnegative(),
  primary: z.string(),
  /** Members in the order in which they may be promoted. */
  candidates: z.array(z.string()).min(1),
  observers: z.array(z.string()).min(3),
  /** How long the workflow has to act first, ms. */
  afterMs: z.number(),
  expiresAtMs: z.number(),
  /** HMAC-SHA-256 over all of the above, in base64. */
  signature: z.string(),
});
export type ArmedPlan = z.output<typeof ArmedPlan>;
