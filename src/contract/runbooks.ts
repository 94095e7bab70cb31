import { z } from 'zod';
import { Filters } from './capabilities/files';
import {
  FailoverReport,
  ForwarderReport,
  GuardReport,
  ProxyReport,
  RejoinReport,
  SwitchOverReport,
} from './failoverReports';

/** What every runbook can be told. */
export const Attendance = z.object({
  dryRun: z.boolean().default(false).describe('print the plan and stop; nothing is touched'),
  approval: z
    .enum(['none', 'ask'])
    .default('none')
    .describe('`ask`: nothing is changed before somebody approves the plan'),
  onFailure: z
    .enum(['hold', 'undo', 'leave'])
    .default('hold')
    .describe('what a run does with a failed step: hold and ask, undo what it did, or end and leave that as it is'),
  ticket: z.string().max(200).default('').describe('a change or incident number, kept with the run'),
});

const FileServerName = z.string().min(1).describe('a file server of the fleet file');

/** Where one storage item goes. */
const Placed = z.object({ item: z.string(), from: z.string(), to: z.string(), bytes: z.number(), home: z.boolean() });

export const IngestionReport = z.object({
  items: z.number().int(),
  files: z.number().int(),
  /** Of the verified items, as they lie on the new FSVMs. */
  bytes: z.number(),
  passes: z.number().int(),
  verifiedItems: z.number().int(),
  failedFiles: z.number().int(),
  special: z.number().int(),
  ownersNotSet: z.number().int(),
  linksAcrossItems: z.number().int(),
  epoch: z.number().int(),
  /** How long the source was read-only, ms. */
  readOnlyMs: z.number(),
  placement: z.array(Placed.pick({ item: true, to: true })).max(200),
  /** Files that could not be sent, at most 200; all others were verified. */
  failures: z.array(z.object({ fsvm: z.string(), path: z.string(), phase: z.string(), why: z.string() })).max(200),
  /** What the source has and cannot be carried over: sockets, and without root devices and owners. At most 100. */
  cannotKeep: z.array(z.object({ path: z.string(), why: z.string() })).max(100),
});

const EndpointName = z.string().min(1).describe('an endpoint of the fleet file');
const PairName = z.string().min(1).describe('a pair of proxies of the fleet file');
const WellSeconds = z
  .number()
  .nonnegative()
  .default(10)
  .describe('how long a proxy has to be well before its clients go back to it');
const endpointTarget = (input: { endpoint: string }): string => input.endpoint;
const pairTarget = (input: { pair: string }): string => input.pair;

const ObjectName = z.string().min(1).describe('an object of the fleet file');

/** What a look ahead at an object has found; loads in the unit of its series. */
export const ObjectReport = z.object({
  object: z.string(),
  /** The most accurate of the three in the backtest, and why. */
  model: z.string(),
  why: z.string(),
  /** Why nobody should act on the forecast. */
  caution: z.string().optional(),
  /** The model's error in the backtest as a share of that of "as at this time yesterday"; below 1 it is better. */
  errorBesideYesterday: z.number().optional(),
  /** The highest load that is expected, and when. */
  peak: z.number(),
  peakAt: z.string(),
  /** What came of the forecast before this one. */
  promised: z
    .object({ steps: z.number().int(), inside80: z.number(), inside95: z.number(), error: z.number() })
    .optional(),
  /** Units at the end and at the beginning of the run; null when nobody could tell. */
  size: z.number().nullable().optional(),
  was: z.number().nullable().optional(),
  desired: z.number().optional(),
  rule: z.enum(['predictive', 'reactive']).optional(),
  reason: z.string().optional(),
  resized: z.boolean().optional(),
});

/** Every runbook: its sentence, input, output and the target that makes it one at a time. CLI, API, OpenAPI and docs read this table. */
export const runbooks = {
  ingestVfs: {
    title: 'Move the storage items of an existing file server onto the FSVMs of a new one',
    input: Attendance.extend({
      from: FileServerName,
      to: FileServerName,
      balance: z
        .boolean()
        .default(false)
        .describe(
          'place by capacity alone; otherwise each item stays on the same ordinal unless that FSVM would hold more than 1.05 of its fair share',
        ),
      items: z.array(z.string()).default([]).describe('only these storage items'),
      excludeItems: z.array(z.string()).default([]).describe('leave these storage items out'),
      ...Filters.shape,
      bandwidth: z
        .number()
        .nonnegative()
        .default(0)
        .describe('bytes per second that each source FSVM may send; 0 is no bound; `evenkeel tune` changes it')
        .meta({ unit: 'bytes/s' }),
      tokens: z.number().int().min(1).max(8).default(2).describe('items that one FSVM sends or takes at once'),
      maxPasses: z.number().int().min(1).max(20).default(5).describe('delta passes before the cutover at the most'),
      smallDeltaBytes: z
        .number()
        .default(64 * 1024 * 1024)
        .describe('a delta below this is small enough for the cutover')
        .meta({ unit: 'bytes' }),
      paranoid: z
        .boolean()
        .default(false)
        .describe('re-read every byte on both sides instead of trusting times and the catalog'),
      verify: z.enum(['metadata', 'content']).default('content').describe('`content` reads back what was stored'),
      cutover: z
        .enum(['go', 'ask'])
        .default('go')
        .describe('`ask`: wait for an approval before the source becomes read-only'),
      fsync: z.boolean().default(true).describe("wait for the target's disks at the end of each pass"),
    }).refine(({ include, exclude }) => include.length === 0 || exclude.length > 0, {
      path: ['include'],
      message: `it takes back what exclude leaves out, and nothing is left out: all would be copied. To copy only *.pdf: --exclude '*' --include '*/' --include '*.pdf'`,
    }),
    output: IngestionReport,
    target: (input: { to: string }) => input.to,
    tunable: ['bandwidth'],
  },
  forecastObject: {
    title: 'Forecast the load of an object, and hold the last forecast against what came',
    input: Attendance.extend({ object: ObjectName }),
    output: ObjectReport,
    target: (input: { object: string }) => input.object,
    tunable: [],
  },
  provisionObject: {
    title: 'Resize an object for the load that is forecast, as far as the fleet file allows',
    input: Attendance.extend({ object: ObjectName }),
    output: ObjectReport,
    target: (input: { object: string }) => input.object,
    tunable: [],
  },
  guardEndpoint: {
    title: 'Watch the primary behind an endpoint, for months, and fail over when a majority of its observers misses it',
    input: Attendance.extend({ endpoint: EndpointName }),
    output: GuardReport,
    target: endpointTarget,
    tunable: [],
  },
  failOverEndpoint: {
    title: 'Close an endpoint, fence its primary, promote the most advanced standby, and open the endpoint to it',
    input: Attendance.extend({
      endpoint: EndpointName,
      to: z.string().default('').describe('the member to promote; left out, the most advanced'),
      force: z
        .boolean()
        .default(false)
        .describe('also in maintenance, and when no majority of the observers misses the primary'),
      lookOnSeconds: z
        .number()
        .nonnegative()
        .max(30)
        .default(3)
        .describe('how long the writes of the observers are looked at afterwards, for the picture in the report'),
    }),
    output: FailoverReport,
    target: endpointTarget,
    tunable: [],
  },
  switchOverEndpoint: {
    title: 'Make a standby the primary while everything is well: nothing fails, and nothing is lost',
    input: Attendance.extend({
      endpoint: EndpointName,
      to: z.string().default('').describe('the member to promote; left out, the most advanced synchronous standby'),
      pauseSeconds: z
        .number()
        .positive()
        .max(60)
        .default(5)
        .describe('how long poolers may wait for transactions to end; longer ones stop the switch-over'),
    }),
    output: SwitchOverReport,
    target: endpointTarget,
    tunable: [],
  },
  rejoinStandby: {
    title: 'Make a former primary a standby of the new one, and tell exactly which commits it alone had',
    input: Attendance.extend({
      endpoint: EndpointName,
      member: z.string().min(1).describe('the member that is to follow the primary'),
    }),
    output: RejoinReport,
    target: endpointTarget,
    tunable: [],
  },
  replaceForwarder: {
    title: 'Let another forwarder take the place of one behind the DNS name of an endpoint',
    input: Attendance.extend({
      endpoint: EndpointName,
      gone: z.string().default('').describe('the forwarder that leaves; left out, none does'),
      by: z.string().default('').describe('the forwarder of the fleet file that joins; left out, none does'),
      onlyAstray: z
        .boolean()
        .default(false)
        .describe('only where a guard would do it: the one that joins serves no client, or a former primary'),
    }),
    output: ForwarderReport,
    target: endpointTarget,
    tunable: [],
  },
  guardProxies: {
    title: 'Listen to the agents of two proxies, which redirect at once by themselves, and see to the rest',
    input: Attendance.extend({ pair: PairName, wellSeconds: WellSeconds }),
    output: GuardReport,
    target: pairTarget,
    tunable: [],
  },
  failOverProxy: {
    title: 'Let the other proxy serve the clients of one that failed; then bring it back, and its clients to it',
    input: Attendance.extend({
      pair: PairName,
      node: z.string().min(1).describe('the node whose proxy failed'),
      failBack: z
        .enum(['go', 'ask', 'no'])
        .default('go')
        .describe('whether its clients go back to it when it is well again'),
      force: z.boolean().default(false).describe('also in maintenance, and within the cool-down'),
      wellSeconds: WellSeconds,
    }),
    output: ProxyReport,
    target: pairTarget,
    tunable: [],
  },
} as const satisfies Record<string, RunbookEntry>;

interface RunbookEntry {
  title: string;
  input: z.ZodObject;
  output: z.ZodObject;
  target: (input: never) => string;
  /** Inputs that `evenkeel tune` may change while it runs. */
  tunable: readonly string[];
}

export type Attended = z.output<typeof Attendance>;
export type RunbookName = keyof typeof runbooks;
export type Input<N extends RunbookName> = z.output<(typeof runbooks)[N]['input']>;
export type Output<N extends RunbookName> = z.output<(typeof runbooks)[N]['output']>;
export type RunbookFn<N extends RunbookName> = (input: Input<N>) => Promise<Report<Output<N>>>;

/** What a run leaves behind. `planned` is the end of a dry run. Times in ms. */
export interface Report<T = unknown> {
  runbook: string;
  target: string;
  outcome: 'done' | 'planned';
  /** With its content after a dry run alone: a plan may be large. */
  plan?: { digest: string; sentences: string[]; content?: unknown };
  result?: T;
  steps: { what: string; state: string; tookMs: number; why?: string }[];
  decisions: { what: string; by: string; why: string; at: string }[];
  tookMs: number;
}

export const kebab = (name: string): string => name.replace(/[A-Z]/g, (c) => `-${c.toLowerCase()}`);
export const targetOf = (name: RunbookName, input: unknown): string =>
  (runbooks[name].target as (input: unknown) => string)(input);
/** One run a target. A dry run touches nothing: it has an id of its own, so that it neither hides nor hinders a real one. */
export const workflowId = (name: RunbookName, input: Attended): string =>
  `${kebab(name)}/${targetOf(name, input)}${input.dryRun ? '/dry-run' : ''}`;

/** The queue that workers of this version poll and runs are started on. */
export const taskQueue = (): string => process.env['EVENKEEL_TASK_QUEUE'] ?? 'evenkeel';
