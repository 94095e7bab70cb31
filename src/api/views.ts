import { z } from 'zod';
import type { Report } from '../contract/runbooks';
import type { Phase, PlanView, StatusView, StepView } from '../workflows/kit/messages';

/** What the API answers with. The command line reads the same shapes. Times are ISO 8601 or ms, sizes bytes. */

const phases = [
  ...([
    'running',
    'waiting for approval',
    'held',
    'paused',
    'undoing',
    'done',
    'failed',
    'cancelled',
    'undone',
  ] satisfies Phase[]),
  'planned',
  'terminated',
] as const;

const Step = z.object({
  what: z.string().describe('the step as a sentence'),
  state: z.enum(['waiting', 'running', 'done', 'failed', 'held', 'skipped', 'undone']),
  startedAt: z.string().exactOptional(),
  endedAt: z.string().exactOptional(),
  why: z.string().exactOptional().describe('why it failed, was skipped or waits'),
}) satisfies z.ZodType<StepView>;

const Plan = z.object({
  digest: z.string().describe('what an approval is bound to'),
  content: z.unknown(),
  sentences: z.array(z.string()).describe('the plan as an operator reads it'),
}) satisfies z.ZodType<PlanView>;

const Status = z.object({
  title: z.string(),
  runbook: z.string(),
  target: z.string(),
  phase: z.string() as unknown as z.ZodType<Phase>,
  startedAt: z.string(),
  heldStep: z.string().exactOptional(),
  why: z.string().exactOptional(),
  pausedBy: z.string().exactOptional(),
  committedBy: z.string().exactOptional().describe('the step after which nothing is undone'),
  leases: z.array(z.object({ target: z.string(), epoch: z.number().int() })),
}) satisfies z.ZodType<StatusView>;

/** Which run: `id` is `<runbook>/<target>`, of a dry run `<runbook>/<target>/dry-run`; `runId` tells its runs apart. */
export const RunRef = z.object({ id: z.string(), runId: z.string().exactOptional() });

/** One run in a list. */
export const RunSummary = z.object({
  id: z.string(),
  runId: z.string(),
  runbook: z.string(),
  title: z.string(),
  target: z.string(),
  phase: z.enum(phases),
  by: z.string().describe('who started it'),
  dryRun: z.boolean().exactOptional().describe('it only plans'),
  ticket: z.string().exactOptional(),
  startedAt: z.string(),
  endedAt: z.string().exactOptional(),
  tookMs: z.number(),
  webUi: z.string().exactOptional().describe('the run in the Temporal Web UI'),
});
export type RunSummary = z.output<typeof RunSummary>;

/** One activity at work, as its last heartbeat tells it. */
export const Piece = z.object({
  what: z.string(),
  host: z.string().exactOptional(),
  done: z.number(),
  total: z.number().describe('0 while it is not known'),
  unit: z.string(),
  rate: z.number().describe('per second'),
  note: z.string().exactOptional(),
  attempt: z.number().int(),
  lastFailure: z.string().exactOptional().describe('why the attempt before this one failed'),
});
export type Piece = z.output<typeof Piece>;

/** How far a run is at this moment, pieces in flight included. */
export const LiveProgress = z.object({
  done: z.number(),
  total: z.number().describe('0 while it is not known'),
  unit: z.string(),
  rate: z.number().describe('per second'),
  etaMs: z.number().exactOptional().describe('left out while nobody can tell'),
  note: z.string().exactOptional(),
  pieces: z.array(Piece).describe('what is in flight'),
});
export type LiveProgress = z.output<typeof LiveProgress>;

export const Failure = z.object({ code: z.string().exactOptional(), message: z.string() });
export type Failure = z.output<typeof Failure>;

/** What a person has to do before the run goes on. */
export const Waiting = z.object({ what: z.string(), commands: z.array(z.string()).describe('to be typed') });
export type Waiting = z.output<typeof Waiting>;

const ReportView = z.custom<Report>().meta({
  type: 'object',
  description: 'what was found, done and verified, and how long each step took',
});

/** All that is known of one run. */
export const RunView = RunSummary.extend({
  status: Status.exactOptional(),
  steps: z.array(Step),
  plan: Plan.exactOptional(),
  progress: LiveProgress.exactOptional(),
  waiting: Waiting.exactOptional(),
  failure: Failure.exactOptional(),
  report: ReportView.exactOptional(),
  unanswered: z.string().exactOptional().describe('why steps and plan are missing: no worker answered'),
});
export type RunView = z.output<typeof RunView>;

/** What happens to a run while somebody watches. A step carries its place in the list. */
export const RunEvent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('run'), run: RunSummary }),
  z.object({
    type: z.literal('phase'),
    phase: z.enum(phases),
    why: z.string().exactOptional(),
    waiting: Waiting.exactOptional(),
  }),
  z.object({ type: z.literal('plan'), plan: Plan }),
  z.object({ type: z.literal('step'), index: z.number().int(), step: Step }),
  z.object({ type: z.literal('progress'), progress: LiveProgress }),
  z.object({ type: z.literal('unanswered'), why: z.string() }),
  z.object({ type: z.literal('ended'), run: RunView }),
]);
export type RunEvent = z.output<typeof RunEvent>;

/** One line of the audit: who did what, when. Taken from Temporal's history, which nobody can rewrite. */
export const AuditEntry = z.object({
  at: z.string(),
  who: z.string(),
  what: z.string(),
  how: z.enum(['started', 'said', 'refused', 'began', 'done', 'failed', 'ended']),
  step: z.string().exactOptional().describe('the step that it belongs to, in its own words'),
  facts: z.unknown().optional(),
});
export type AuditEntry = z.output<typeof AuditEntry>;

export const Audit = z.object({ run: RunView, entries: z.array(AuditEntry) });
export type Audit = z.output<typeof Audit>;

/** A host of the fleet and what its agent answers now. */
export const HostView = z.object({
  host: z.string(),
  zone: z.string().exactOptional(),
  agent: z.string().describe('where its agent listens'),
  answers: z.boolean(),
  version: z.string().exactOptional(),
  capabilities: z.array(z.string()),
  paused: z.boolean().describe('on the pause list: no run touches it'),
  why: z.string().exactOptional().describe('why it does not answer'),
});
export type HostView = z.output<typeof HostView>;

export const FleetView = z.object({
  fleet: z.string(),
  frozen: z.string().exactOptional().describe('why nothing may run now'),
  hosts: z.array(HostView),
  fileServers: z.array(z.object({ name: z.string(), fsvms: z.array(z.string()) })),
});
export type FleetView = z.output<typeof FleetView>;
