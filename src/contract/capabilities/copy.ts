import { z } from 'zod';
import { Lease, Progress, type Operations } from '../operations';
import { Filters, Store } from './files';

/** What one pass over some items did. `failed` files are listed by `failures`; the rest went on. */
export const Sent = z.object({
  items: z.number().int(),
  /** Entries looked at, and those that were the same as in the catalog. */
  seen: z.number().int(),
  unchanged: z.number().int(),
  files: z.number().int(),
  bytes: z.number(),
  directories: z.number().int(),
  symlinks: z.number().int(),
  hardLinks: z.number().int(),
  deleted: z.number().int(),
  /** Files that changed while they were read, and were sent again. */
  rereads: z.number().int(),
  failed: z.number().int(),
  special: z.number().int(),
  /** Entries whose owner could not be set: the receiver does not run as root. */
  ownersNotSet: z.number().int(),
  /** Names whose other hard links lie in another item: they arrive as files of their own. */
  linksAcrossItems: z.number().int(),
  durationMs: z.number(),
});
export type Sent = z.output<typeof Sent>;

/** The state of one item on one side, in numbers that can be compared: equal digests mean equal trees. */
export const ItemDigest = z.object({
  item: z.string(),
  /** Over names, types, modes, owners, sizes, times, link targets, link groups, extended attributes, and content. */
  digest: z.string(),
  bytes: z.number(),
  entries: z.number().int(),
});
export type ItemDigest = z.output<typeof ItemDigest>;

export const copy = {
  door: {
    kind: 'look',
    summary: 'The port at which this host takes bulk data',
    role: 'agent',
    input: z.object({}),
    output: z.object({ port: z.number().int() }),
  },
  send: {
    kind: 'job',
    summary: 'Bring some items of another store up to date with this one; what was sent before is not sent again',
    role: 'agent',
    input: z.object({
      from: Store,
      to: Store,
      items: z.array(z.string()).min(1),
      /** Parallel connections; a giant item gets more than one. */
      lanes: z.number().int().min(1).max(8).default(1),
      filters: Filters.prefault({}),
      /** Re-read every file and compare content, whatever the catalog says. */
      paranoid: z.boolean().default(false),
      /** Look at every entry, even where the source keeps a journal of changes: the last pass before a cutover should. */
      lookAtAll: z.boolean().optional(),
      /** Wait for the target's disk before the pass counts as done. */
      fsync: z.boolean().default(true),
      lease: Lease,
    }),
    output: Sent,
    progress: Progress,
  },
  digest: {
    kind: 'job',
    summary: 'Look at some items on disk and say what they are in a digest; with `content` every byte is read again',
    role: 'agent',
    input: z.object({
      store: Store,
      items: z.array(z.string()).min(1),
      filters: Filters.prefault({}),
      content: z.boolean().default(false),
      /** Owners are left out where the receiver could not set them. */
      owners: z.boolean().default(true),
      /** Paths that failed and are listed as such: left out on both sides; what is `below` them too, if nobody could look there. */
      except: z
        .array(z.object({ path: z.string(), below: z.boolean() }))
        .max(100_000)
        .default([]),
    }),
    output: z.object({ items: z.array(ItemDigest) }),
    progress: Progress,
  },
  discard: {
    kind: 'job',
    summary: 'Remove items that an unfinished ingestion stored, and forget what was sent of them; safe to repeat',
    role: 'agent',
    input: z.object({ store: Store, items: z.array(z.string()), lease: Lease }),
    output: z.object({
      removed: z.number().int(),
      /** Not ours: something else has taken their place. */
      left: z.array(z.string()).default([]),
    }),
    progress: Progress,
  },
  forget: {
    kind: 'act',
    summary: 'Forget what was sent of some items to a store: the next pass looks at everything again',
    role: 'agent',
    input: z.object({ from: Store, to: Store, items: z.array(z.string()), lease: Lease }),
    output: z.object({}),
  },
  limit: {
    kind: 'act',
    summary:
      'Bound the rate at which this host sends, from now on and over restarts; 0 is no bound. Of the bounds of several targets the lowest holds',
    role: 'agent',
    input: z.object({ bytesPerSecond: z.number().nonnegative(), lease: Lease }),
    output: z.object({ bytesPerSecond: z.number() }),
  },
  failures: {
    kind: 'look',
    summary: 'The files that could not be sent, each with its phase and reason',
    role: 'viewer',
    input: z.object({
      from: Store,
      to: Store,
      after: z.number().int().default(0),
      limit: z.number().int().max(10_000).default(1_000),
    }),
    output: z.object({
      failures: z.array(
        z.object({
          path: z.string(),
          phase: z.enum(['list', 'read', 'send', 'store', 'verify']),
          why: z.string(),
        }),
      ),
      total: z.number().int(),
    }),
  },
} as const satisfies Operations;

/** The input of an operation, as its driver gets it. */
export type CopyInput<N extends keyof typeof copy> = z.output<(typeof copy)[N]['input']>;
