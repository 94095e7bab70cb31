import { z } from 'zod';
import { Lease, Progress, type Operations } from '../operations';

/** Callers name an endpoint; which of its members lies on this host, and where, stands in the fleet file of the host alone. */
const Endpoint = z.string().min(1);

/** A position in the WAL as PostgreSQL writes it: `16/B374D848`. */
const Lsn = z.string().regex(/^[0-9A-F]+\/[0-9A-F]+$/i);

/** One standby as its primary sees it. */
const StandbyView = z.object({
  /** Its application_name: the name of the member. */
  member: z.string(),
  sync: z.enum(['sync', 'quorum', 'potential', 'async']),
  streaming: z.boolean(),
  /** WAL it has not yet flushed. */
  lagBytes: z.number(),
});

/** A member as it is now. What nobody can tell is left out. */
export const MemberView = z.object({
  member: z.string(),
  /** `silent`: its process runs and does not answer. `fenced`: this agent keeps it down. */
  state: z.enum(['primary', 'standby', 'down', 'silent', 'fenced']),
  version: z.number().int().optional().describe('major version'),
  systemId: z.string().optional(),
  timeline: z.number().int().optional(),
  /** Of a primary, what it has written; of a standby, what it has received and kept. */
  lsn: Lsn.optional(),
  replayedLsn: Lsn.optional(),
  /** Of a standby: its WAL receiver streams. */
  receiving: z.boolean().optional(),
  /** Of a standby: how long ago it last heard of its primary, ms. */
  heardMs: z.number().optional(),
  /** Of a standby: the address it follows. */
  follows: z.string().optional(),
  replayPaused: z.boolean().optional(),
  standbys: z.array(StandbyView).optional(),
  /** Of a primary: every commit waits for a standby, as far as settings of the server, its roles and databases say. */
  synchronous: z.boolean().optional(),
  /** What has to be mended before a failover can be relied on: sentences. */
  cautions: z.array(z.string()),
  postmaster: z.number().int().optional(),
  /** Of a primary: the epoch under which it was promoted last. */
  promoted: z.number().int().optional(),
});
export type MemberView = z.output<typeof MemberView>;

/** Commits that a former primary had and the new one never got. */
export const Lost = z.object({
  /** Where the new timeline left the old one. */
  forkLsn: Lsn,
  endLsn: Lsn,
  /** Commits of applications; those of our own canary are not counted. */
  commits: z.number().int(),
  /** Transaction ids of the first hundred. */
  xids: z.array(z.number().int()).max(100),
});
export type Lost = z.output<typeof Lost>;

const ms = z.number().int().positive();

export const role = {
  status: {
    kind: 'look',
    summary: 'The role and position of the member on this host',
    role: 'viewer',
    input: z.object({ endpoint: Endpoint, deadlineMs: ms.default(2_000) }),
    output: MemberView,
  },
  checkpoint: {
    kind: 'act',
    summary: 'Make a checkpoint, so that a stop that follows is short',
    role: 'agent',
    input: z.object({ endpoint: Endpoint }),
    output: z.object({ tookMs: z.number() }),
  },
  fence: {
    kind: 'act',
    summary:
      'Make sure that the member accepts nothing: its port is closed, its processes are killed, and it is not started again before it rejoins',
    role: 'agent',
    input: z.object({ endpoint: Endpoint, lease: Lease, deadlineMs: ms.default(5_000) }),
    output: z.object({
      /** What was done, and what proves it. */
      proof: z.array(z.string()),
      killed: z.number().int(),
      tookMs: z.number(),
    }),
  },
  demote: {
    kind: 'act',
    summary:
      'Stop a primary cleanly, when all of its standbys have everything; it is not started again before it follows',
    role: 'agent',
    input: z.object({ endpoint: Endpoint, lease: Lease, deadlineMs: ms.default(20_000) }),
    output: z.object({
      /** The end of its shutdown checkpoint: a standby that has received up to here, and not less, has everything. */
      lsn: Lsn,
      timeline: z.number().int(),
      tookMs: z.number(),
    }),
  },
  promote: {
    kind: 'act',
    summary: 'Make the standby the primary: asked again until it is, or the deadline has passed',
    role: 'agent',
    input: z.object({
      endpoint: Endpoint,
      lease: Lease,
      deadlineMs: ms.default(10_000),
      /** One that somebody else has promoted meanwhile is told of, and not refused. */
      adopt: z.boolean().optional(),
    }),
    output: z.object({
      timeline: z.number().int(),
      lsn: Lsn,
      /** How often it had to be asked; 0 where it was the primary already. */
      asked: z.number().int(),
      tookMs: z.number(),
    }),
  },
  reinstate: {
    kind: 'act',
    summary:
      'Start a member that was demoted or fenced as the primary that it was: the undo, as long as nobody was promoted in its place',
    role: 'agent',
    input: z.object({ endpoint: Endpoint, lease: Lease, deadlineMs: ms.default(20_000) }),
    output: MemberView,
  },
  setSynchronous: {
    kind: 'act',
    summary: 'Which standbys a commit waits for; none: it waits for nobody',
    role: 'agent',
    input: z.object({ endpoint: Endpoint, lease: Lease, members: z.array(z.string()) }),
    output: z.object({ setting: z.string() }),
  },
  follow: {
    kind: 'act',
    summary: 'Follow another primary of the endpoint, without a rewind: started when it is down, else told anew',
    role: 'agent',
    input: z.object({ endpoint: Endpoint, lease: Lease, primary: z.string(), deadlineMs: ms.default(20_000) }),
    output: MemberView,
  },
  lost: {
    kind: 'look',
    summary: 'The commits of a former primary past the point where the new timeline left its own, read from its WAL',
    role: 'viewer',
    input: z.object({ endpoint: Endpoint, primary: z.string() }),
    output: Lost,
  },
  rejoin: {
    kind: 'job',
    summary: 'Make a former primary a standby of the new one: what diverged is kept aside, then rewound',
    role: 'agent',
    input: z.object({ endpoint: Endpoint, lease: Lease, primary: z.string() }),
    progress: Progress,
    output: z.object({
      /** False: it had nothing that the new primary lacks. */
      rewound: z.boolean(),
      lost: Lost.optional(),
      /** Where the WAL that diverged is kept. */
      keptAt: z.string().optional(),
      tookMs: z.number(),
    }),
  },
} as const satisfies Operations;

export type RoleInput<N extends keyof typeof role> = z.output<(typeof role)[N]['input']>;
