import { z } from 'zod';

/** What an observer sees of one thing: a member of an endpoint, or a node of a pair of proxies. */
export const Sight = z.object({
  /**
   * answers: the last request was answered in time; late: it was answered, after its deadline; silent: connected, and no
   * answer; refused: nothing listens; unreachable: not even a refusal; failing: it answers with an error.
   */
  says: z.enum(['answers', 'late', 'silent', 'refused', 'unreachable', 'failing']),
  /** Misses in a row: an answer ends the row, however late it is and whatever it says. A miss while the observer is late itself is none. */
  misses: z.number().int(),
  /** It has not answered this observer since that began to look. */
  never: z.literal(true).optional(),
  /** When it began to say that, ms since the epoch of Unix. */
  sinceMs: z.number(),
  /** How long the last answer took, ms. */
  tookMs: z.number().optional(),
  /** What the last error was. */
  why: z.string().optional(),
  /** Of a database: what it says it is. Only a primary takes the canary's write. */
  role: z.enum(['primary', 'standby']).optional(),
  /** Of a primary, at its last good answer: when that was, how far it had written, and whom its commits waited for. */
  good: z
    .object({
      atMs: z.number(),
      lsn: z.string(),
      timeline: z.number().int().optional(),
      /** Standbys that a commit may have waited for, in lower case; `need` of them had to have it. 0: some commit need not wait. */
      waitsFor: z.array(z.string()),
      need: z.number().int(),
      /** Besides, whoever streams: `waitsFor` names those that did. */
      anyone: z.boolean().optional(),
      /** Fewer of them stream than a commit waits for: commits hang. */
      hangs: z.boolean().optional(),
    })
    .optional(),
  /** Of a thing on the observer's own host: its process. */
  process: z.enum(['runs', 'gone']).optional(),
  /** Of a standby on the observer's own host: its WAL receiver heard the primary within the last second, as it does while observers write. */
  receiving: z.boolean().optional(),
});
export type Sight = z.output<typeof Sight>;

/** What one observer sees of an endpoint or a pair. `revision` grows with each change that a verdict could rest on. */
export const Observation = z.object({
  observer: z.string(),
  zone: z.string().optional(),
  revision: z.number().int(),
  atMs: z.number(),
  /** The observer itself is starved of CPU: its misses are no evidence. ms by which its own clock ran late at the worst of the last second. */
  starvedMs: z.number(),
  /** Member or node to what is seen of it. */
  sights: z.record(z.string(), Sight),
});
export type Observation = z.output<typeof Observation>;

/** What an agent did by itself, before any workflow knew: kept on its disk, and told until somebody has heard it. */
export const Deed = z.object({
  number: z.number().int(),
  atMs: z.number(),
  /** The endpoint or pair. */
  target: z.string(),
  /** The member or node that failed. */
  failed: z.string(),
  epoch: z.number().int(),
  /** Sentences, in order, with the ms since the failure was first seen. */
  acts: z.array(z.object({ afterMs: z.number(), what: z.string() })),
  outcome: z.enum(['done', 'refused', 'failed']),
  why: z.string(),
  /** Of a failover of an endpoint by an armed plan. */
  failover: z
    .object({
      /** When the first observer missed the primary, ms since the epoch of Unix. */
      sinceMs: z.number(),
      verdict: z.string(),
      votes: z.array(z.string()),
      /** The member that was promoted. */
      to: z.string(),
      timeline: z.number().int(),
      /** When the endpoint was open again, ms since the epoch of Unix. */
      openAtMs: z.number(),
      /** What proves that the old primary accepts nothing. */
      fence: z.array(z.string()),
      /** Connections that waited for the old primary and were cut, and those that still wait. */
      cut: z.object({ found: z.number().int(), left: z.number().int() }),
    })
    .optional(),
});
export type Deed = z.output<typeof Deed>;
