import { z } from 'zod';
import type { Role } from './roles';

/**
 * One thing an agent can be asked. `look` reads, `act` changes something and is done at once,
 * `job` takes long: it has an id, a journal on the host's disk, progress, and can be stopped.
 * Server, client, OpenAPI and activities read these tables; nothing is written twice.
 */
export interface Operation {
  kind: 'look' | 'act' | 'job';
  summary: string;
  /** Least role of the caller. */
  role: Role;
  input: z.ZodObject;
  output: z.ZodType;
  /** What a running job says of itself; jobs only. */
  progress?: z.ZodType;
}
export type Operations = Record<string, Operation>;

/** A held lease, in every input that changes who owns or serves something. A lower epoch than the host has seen is refused. */
export const Lease = z.object({ target: z.string().min(1), epoch: z.number().int().positive() });
export type Lease = z.output<typeof Lease>;

/** How far a job is. `total` 0 means not known yet; `rate` is per second over the last few seconds. */
export const Progress = z.object({
  done: z.number(),
  total: z.number(),
  unit: z.enum(['bytes', 'files']),
  rate: z.number(),
  note: z.string().optional(),
  doneFiles: z.number().int().default(0),
});
export type Progress = z.output<typeof Progress>;

/** What a job is given beside its input. The client gives the same to its caller's job: a driver and a client are of one type. */
export interface JobContext<P = Progress> {
  /** Workflow id and step: the same work has the same id over retries, resets and restarts. */
  id: string;
  signal: AbortSignal;
  report(progress: P): void;
}

type ProgressOf<O extends Operation> = O extends { progress: infer P extends z.ZodType } ? z.output<P> : Progress;

/** A table of operations as TypeScript sees it: drivers implement this, the agent's client offers this. */
export type Capability<T extends Operations> = {
  [K in keyof T]: T[K]['kind'] extends 'job'
    ? (input: z.output<T[K]['input']>, job: JobContext<ProgressOf<T[K]>>) => Promise<z.output<T[K]['output']>>
    : (input: z.output<T[K]['input']>) => Promise<z.output<T[K]['output']>>;
};

export const jobStates = ['running', 'done', 'failed', 'cancelled'] as const;

/** A job as the agent tells it. `revision` grows with each change: a long poll waits for the next one. */
export const JobView = z.object({
  id: z.string(),
  operation: z.string(),
  state: z.enum(jobStates),
  revision: z.number().int(),
  progress: z.unknown().optional(),
  output: z.unknown().optional(),
  error: z
    .object({ code: z.string(), message: z.string(), facts: z.record(z.string(), z.union([z.string(), z.number()])) })
    .optional(),
});
export type JobView = z.output<typeof JobView>;
