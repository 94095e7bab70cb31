import { z } from 'zod';
import { Lease, Progress, type Operations } from '../operations';

/**
 * A store: the directory of one FSVM whose top-level entries are its storage items.
 * `root` is absolute on that host and must lie inside the host's roots.
 * Names may hold any bytes but `/` and NUL: what is not UTF-8 is written with each such byte as `\xHH`, and a backslash as `\\`.
 */
export const Store = z.object({ fsvm: z.string().min(1), host: z.string().min(1), root: z.string().min(1) });
export type Store = z.output<typeof Store>;

/**
 * Paths inside an item that are left out, in gitignore's form. The patterns of `include` come after those of `exclude`, and
 * the last one that matches wins: `include` takes back what `exclude` left out, and by itself it selects nothing.
 */
export const Filters = z.object({
  include: z
    .array(z.string())
    .default([])
    .describe("take back what --exclude left out, in gitignore's form; alone it selects nothing"),
  exclude: z.array(z.string()).default([]).describe("leave out paths that match these patterns, in gitignore's form"),
});
export type Filters = z.output<typeof Filters>;

/** One storage item as its FSVM counts it. Sizes in bytes. */
export const ItemFacts = z.object({
  item: z.string(),
  bytes: z.number(),
  files: z.number().int(),
  directories: z.number().int(),
  symlinks: z.number().int(),
  /** FIFOs, sockets and devices. */
  special: z.number().int(),
  /** Entries whose owner is not the agent's own user: without root their owner cannot be kept. */
  foreignOwners: z.number().int(),
});
export type ItemFacts = z.output<typeof ItemFacts>;

/** How a source is kept from changing at cutover. `watch`: nothing is blocked, but the cutover proves that nothing changed. */
export const FreezeBy = z.discriminatedUnion('how', [
  z.object({ how: z.literal('watch') }),
  z.object({ how: z.literal('remount') }),
  z.object({ how: z.literal('exec'), freeze: z.array(z.string()).min(1), thaw: z.array(z.string()).min(1) }),
]);
export type FreezeBy = z.output<typeof FreezeBy>;

/** Where each item of a virtualized file server lives, under the epoch in which it was decided. `loading` items are not served yet. */
export const LookupTable = z.object({
  fileServer: z.string(),
  epoch: z.number().int().nonnegative(),
  state: z.enum(['loading', 'serving']),
  items: z.record(z.string(), z.string()).describe('storage item to FSVM'),
  roots: z.record(z.string(), z.string()).default({}).describe('FSVM to the directory of its store'),
});
export type LookupTable = z.output<typeof LookupTable>;

export const files = {
  survey: {
    kind: 'job',
    summary: 'Count the storage items of a store',
    role: 'agent',
    input: z.object({ store: Store, items: z.array(z.string()).optional(), filters: Filters.prefault({}) }),
    output: z.object({
      items: z.array(ItemFacts),
      /** Special files and other entries that cannot be carried over, at most 100. */
      cannotKeep: z.array(z.object({ path: z.string(), why: z.string() })),
      unreadable: z.array(z.object({ path: z.string(), why: z.string() })),
      freeBytes: z.number(),
      /** True when the store keeps a journal of changes: a delta then costs what changed, not what is there. */
      journal: z.boolean(),
      privileged: z.boolean(),
    }),
    progress: Progress,
  },
  list: {
    kind: 'look',
    summary: 'The storage items of a store by name, without counting them',
    role: 'agent',
    input: z.object({ store: Store }),
    output: z.object({
      /** `begun`: an unfinished copy left it there; it may be brought up to date or discarded, and is not served. */
      items: z.array(z.object({ item: z.string(), begun: z.boolean() })),
      freeBytes: z.number(),
      privileged: z.boolean(),
    }),
  },
  freeze: {
    kind: 'act',
    summary: 'Make a store read-only for everyone but the copy; safe to repeat',
    role: 'agent',
    input: z.object({ store: Store, by: FreezeBy, lease: Lease }),
    output: z.object({ frozen: z.boolean(), how: z.string() }),
  },
  thaw: {
    kind: 'act',
    summary: 'Let a store be written again; safe to repeat',
    role: 'agent',
    input: z.object({ store: Store, by: FreezeBy, lease: Lease }),
    output: z.object({ frozen: z.boolean(), how: z.string() }),
  },
  readTable: {
    kind: 'look',
    summary: 'The lookup table of a virtualized file server, as this FSVM knows it',
    role: 'viewer',
    input: z.object({ fileServer: z.string() }),
    output: z.object({ table: LookupTable.nullable() }),
  },
  writeTable: {
    kind: 'act',
    summary: 'Replace the lookup table; an older epoch is refused',
    role: 'agent',
    input: z.object({ table: LookupTable, lease: Lease }),
    output: z.object({ table: LookupTable }),
  },
  lookup: {
    kind: 'look',
    summary: 'Which FSVM serves a storage item',
    role: 'viewer',
    input: z.object({ fileServer: z.string(), item: z.string() }),
    output: z.object({ fsvm: z.string().nullable(), state: z.string(), epoch: z.number().int() }),
  },
} as const satisfies Operations;
