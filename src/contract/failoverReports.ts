import { z } from 'zod';
import { Lost } from './capabilities/role';

/** How often the writes of the observers succeeded in each step of time, by member: what the picture of a failover is drawn from. */
export const WritesSeen = z.object({
  /** ms since the epoch of Unix. */
  startMs: z.number(),
  stepMs: z.number().int().positive(),
  members: z.record(z.string(), z.array(z.number().int().nonnegative()).max(120)),
});
export type WritesSeen = z.output<typeof WritesSeen>;

/** What came of a failover. Times in ms after the first observer missed the primary. */
export const FailoverReport = z.object({
  endpoint: z.string(),
  verdict: z.string(),
  votes: z.array(z.string()),
  was: z.string(),
  primary: z.string(),
  epoch: z.number().int(),
  timeline: z.number().int(),
  /** When the first observer missed it, ms since the epoch of Unix; left out by runs of an older version. */
  sinceMs: z.number().optional(),
  phases: z.array(z.object({ what: z.string(), afterMs: z.number() })),
  /** From the last write that an observer saw succeed to the first one through the new route. */
  gapMs: z.number().optional(),
  /** What proves that the old primary accepts nothing; empty when that rests on synchronous replication. */
  fence: z.array(z.string()),
  /** Every commit had waited for a standby whose WAL is known: nothing acknowledged is lost. */
  lossless: z.boolean(),
  /** Connections that were cut while they waited for an answer: what they asked for may have happened. */
  unknownOutcomes: z.number().int(),
  stillHung: z.number().int(),
  /** Acknowledged commits that only the old primary has, read from its WAL; absent while its disk cannot be read. */
  lost: Lost.optional(),
  lostUnknown: z.string().optional(),
  /** Forwarders that took no part. */
  left: z.array(z.string()),
  writes: z.array(z.object({ forwarder: z.string(), server: z.string(), tookMs: z.number() })),
  seen: WritesSeen.optional(),
});
export type FailoverReport = z.output<typeof FailoverReport>;

export const SwitchOverReport = z.object({
  endpoint: z.string(),
  was: z.string(),
  primary: z.string(),
  epoch: z.number().int(),
  /** Of the shutdown checkpoint of the old primary: the new one had all of it before it was promoted. */
  lsn: z.string(),
  /** From the moment the route was closed to the moment it was open again. */
  closedMs: z.number(),
  pooled: z.array(z.string()),
  writes: z.array(z.object({ forwarder: z.string(), server: z.string(), tookMs: z.number() })),
});

export const RejoinReport = z.object({
  endpoint: z.string(),
  member: z.string(),
  primary: z.string(),
  rewound: z.boolean(),
  lost: Lost.optional(),
  keptAt: z.string().optional(),
  synchronous: z.string(),
});
export type RejoinReport = z.output<typeof RejoinReport>;

export const ForwarderReport = z.object({
  endpoint: z.string(),
  gone: z.string().optional(),
  joined: z.string().optional(),
  /** Clients of the one that joined that waited for a former primary, and those that still do. */
  freed: z.number().int().optional(),
  stillHung: z.number().int().optional(),
  /** What the DNS name says now; absent where no server is told. */
  addresses: z.array(z.string()).optional(),
});

export const GuardReport = z.object({ target: z.string(), failovers: z.number().int() });

export const ProxyReport = z.object({
  pair: z.string(),
  node: z.string(),
  /**
   * away: the agents had redirected its clients; move: the run did; stay: its proxy was started where it is; home: nobody had
   * its address, and it took it.
   */
  course: z.enum(['away', 'move', 'stay', 'home']),
  /** The node that served its clients meanwhile. */
  by: z.string(),
  /** What the agents did by themselves before any run knew, and when, in ms after the failure was seen. */
  local: z.array(z.object({ afterMs: z.number(), what: z.string() })),
  epoch: z.number().int(),
  failedBack: z.boolean(),
  /** How long its clients were served by the other, ms; absent while they are. */
  awayMs: z.number().optional(),
});
export type ProxyReport = z.output<typeof ProxyReport>;
