import { z } from 'zod';
import { Lease, type Operations } from '../operations';
import { ArmedPlan } from '../armed';
import { Deed, Observation } from '../sights';

/** An endpoint or a pair of proxies of the fleet file. */
const Target = z.string().min(1);

export const watch = {
  look: {
    kind: 'look',
    summary:
      'What this observer sees of an endpoint or a pair of proxies; with `waitMs` it answers when that has changed',
    role: 'viewer',
    input: z.object({
      target: Target,
      /** The revision that the caller knows. */
      after: z.number().int().default(-1),
      waitMs: z.number().int().min(0).max(20_000).default(0),
    }),
    output: Observation,
  },
  write: {
    kind: 'look',
    summary:
      'A real request through an address, as a client makes it, and how long it took: of an endpoint a write, and which server took it; of a pair of proxies a question to the admin console of whoever has the address, since the fleet file has no other login there',
    role: 'agent',
    input: z.object({
      target: Target,
      address: z.string(),
      port: z.number().int(),
      deadlineMs: z.number().int().positive().default(2_000),
    }),
    output: z.object({
      /** The address and timeline of the server that took it; of a proxy the address that was asked, and 0. */
      server: z.string(),
      timeline: z.number().int(),
      tookMs: z.number(),
    }),
  },
  track: {
    kind: 'look',
    summary: 'When its writes to the members of an endpoint succeeded, in the last two minutes as far as it has them',
    role: 'viewer',
    input: z.object({
      target: Target,
      /** From when to when, ms since the epoch of Unix. */
      fromMs: z.number(),
      toMs: z.number(),
    }),
    output: z.object({
      /** Member to the moments of good writes, oldest first; the last ones where they are very many. */
      wrote: z.record(z.string(), z.array(z.number()).max(5_000)),
    }),
  },
  powerOff: {
    kind: 'act',
    summary:
      'Cut the power of a member’s host by the command of the fleet file: the last fence, when its agent cannot prove one',
    role: 'agent',
    input: z.object({
      target: Target,
      member: z.string(),
      lease: Lease,
      deadlineMs: z.number().int().positive().default(10_000),
    }),
    output: z.object({ proof: z.array(z.string()), tookMs: z.number() }),
  },
  deeds: {
    kind: 'look',
    summary: 'What this agent did by itself, oldest first; with `waitMs` it answers when there is more',
    role: 'viewer',
    input: z.object({
      target: Target,
      after: z.number().int().default(0),
      waitMs: z.number().int().min(0).max(20_000).default(0),
    }),
    output: z.object({ deeds: z.array(Deed) }),
  },
  arm: {
    kind: 'act',
    summary:
      'Hold a plan that may be carried out once if Temporal is down when it is needed; it replaces the one before',
    role: 'agent',
    input: z.object({ target: Target, lease: Lease, plan: ArmedPlan }),
    output: z.object({ until: z.string() }),
  },
  disarm: {
    kind: 'act',
    summary: 'Throw the plan away',
    role: 'agent',
    input: z.object({ target: Target, lease: Lease }),
    output: z.object({ was: z.boolean() }),
  },
  claim: {
    kind: 'act',
    summary:
      'Give one agent the right to carry out the plan, once and for all: only while this observer misses the primary itself. A majority of the observers must give it',
    role: 'agent',
    input: z.object({ target: Target, lease: Lease, by: z.string() }),
    output: z.object({
      granted: z.boolean(),
      /** Why it was not. */
      why: z.string().optional(),
      /** Who was given it before: then whoever asks gives up. */
      has: z.string().optional(),
    }),
  },
} as const satisfies Operations;

export type WatchInput<N extends keyof typeof watch> = z.output<(typeof watch)[N]['input']>;
