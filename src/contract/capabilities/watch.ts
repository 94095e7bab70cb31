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
    summary: 'A real write through an address, as a client makes it: which server took it, and how long it took',
    role: 'agent',
    input: z.object({
      target: Target,
      address: z.string(),
      port: z.number().int(),
      deadlineMs: z.number().int().positive().default(2_000),
    }),
    output: z.object({
      /** The address and timeline of the server that took it. */
      server: z.string(),
      timeline: z.number().int(),
      tookMs: z.number(),
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
} as const satisfies Operations;

export type WatchInput<N extends keyof typeof watch> = z.output<(typeof watch)[N]['input']>;
