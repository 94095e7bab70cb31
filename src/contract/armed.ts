import { z } from 'zod';

/** What a plan is bound to, before anybody signs it. */
export const ArmedTerms = z.object({
  endpoint: z.string(),
  /** Reserved for this plan alone: no run was given it, and none will be. */
  epoch: z.number().int().positive(),
  /** By forwarder: the epoch that its kernel had when the plan was made. Another one there means that somebody acted since. */
  from: z.record(z.string(), z.number().int().nonnegative()),
  primary: z.string(),
  /** Members that may be promoted. */
  candidates: z.array(z.string()).min(1),
  observers: z.array(z.object({ host: z.string(), zone: z.string().optional() })).min(3),
  /** How long the workflow has to act first, ms. */
  afterMs: z.number(),
  /** The cool-down of a failover that a workflow made ends here, ms since the epoch of Unix. */
  notBeforeMs: z.number(),
});
export type ArmedTerms = z.output<typeof ArmedTerms>;

/**
 * A failover decided in advance, for the time when Temporal is down. Signed, so that an agent that relays it can change
 * nothing; single use, by its epoch; good until it expires and only while what it rests on holds.
 */
export const ArmedPlan = ArmedTerms.extend({
  expiresAtMs: z.number(),
  /** Of who signed, PEM; left out where the fleet shares a token. */
  certificate: z.string().optional(),
  /** Over all of the above but the certificate, in base64: by the key of the certificate, else HMAC-SHA-256 with the token. */
  signature: z.string(),
});
export type ArmedPlan = z.output<typeof ArmedPlan>;
