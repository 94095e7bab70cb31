import { z } from 'zod';
import { Outlook } from '../outlook';
import { Lease, type Operations } from '../operations';

/** Points that one answer may carry: it has to fit into a payload. */
export const mostPoints = 50_000;

/** Callers name an object; where its load comes from and how it is resized stands in the fleet file of its host alone. */
const ObjectName = z.string().min(1);

/** An object's size. Null: no limit is set, or nobody can tell. */
const Size = z.number().nullable();

export const load = {
  readSeries: {
    kind: 'look',
    summary: 'The load of an object, one value a step; null where nothing was measured',
    role: 'viewer',
    input: z.object({
      object: ObjectName,
      fromMs: z.number().int().nonnegative(),
      toMs: z.number().int().nonnegative(),
      stepMs: z.number().int().positive(),
    }),
    output: z.object({
      /** When the first step begins: a multiple of the step. A step that has not ended yet is left out. */
      startMs: z.number().int(),
      stepMs: z.number().int(),
      values: z.array(z.number().nullable()),
      /** Where they come from, for people. */
      source: z.string(),
    }),
  },
  readSize: {
    kind: 'look',
    summary: 'The present size of an object',
    role: 'viewer',
    input: z.object({ object: ObjectName }),
    output: z.object({ size: Size, min: z.number(), max: z.number(), unit: z.string() }),
  },
  resize: {
    kind: 'act',
    summary: 'Resize an object within the bounds of the fleet file; done once, however often it is asked',
    role: 'agent',
    input: z.object({ object: ObjectName, size: z.number(), lease: Lease, because: z.string().max(1_000) }),
    output: z.object({
      /** What it is now, as the object itself says. */
      size: Size,
      was: Size,
      /** False when it had that size already. */
      changed: z.boolean(),
      unit: z.string(),
    }),
  },
  publishOutlook: {
    kind: 'act',
    summary:
      'Keep what was forecast of an object and decided on it, for those who look and for the next run; an outlook of the same moment is replaced',
    role: 'agent',
    input: z.object({ object: ObjectName, outlook: Outlook, lease: Lease }),
    output: z.object({}),
  },
  recallOutlooks: {
    kind: 'look',
    summary: 'What was forecast of an object before, oldest first',
    role: 'viewer',
    input: z.object({
      object: ObjectName,
      sinceMs: z.number().int().nonnegative().default(0),
      /** Only so many steps of each, and all of the newest. */
      steps: z.number().int().positive().default(100_000),
    }),
    output: z.object({ outlooks: z.array(Outlook) }),
  },
} as const satisfies Operations;

/** The input of an operation, as its driver gets it. */
export type LoadInput<N extends keyof typeof load> = z.output<(typeof load)[N]['input']>;
