import { z } from 'zod';
import { JobView, Lease, type Operations } from '../operations';

/** What every agent can say of itself, whatever else it does. */
export const host = {
  describe: {
    kind: 'look',
    summary: 'Who is this, which version, what can it do',
    role: 'viewer',
    input: z.object({}),
    output: z.object({
      host: z.string(),
      version: z.string(),
      capabilities: z.array(z.string()),
      roots: z.array(z.string()),
      /** True when the agent may set owners and make devices. */
      privileged: z.boolean(),
      /** Changes with every boot of the kernel: what was not synced before may be gone. */
      bootId: z.string(),
      startedAt: z.string(),
    }),
  },
  jobs: {
    kind: 'look',
    summary: 'The jobs of this host, newest first',
    role: 'viewer',
    input: z.object({ limit: z.number().int().positive().default(50) }),
    output: z.object({ jobs: z.array(JobView) }),
  },
  stopJobs: {
    kind: 'act',
    summary: 'Stop the jobs whose ids begin so, also those that nobody follows; answers when they have ended',
    role: 'agent',
    input: z.object({ under: z.string().min(1), lease: Lease }),
    output: z.object({ stopped: z.number().int() }),
  },
  epochs: {
    kind: 'look',
    summary: 'The highest epoch this host has seen, for each target',
    role: 'viewer',
    input: z.object({}),
    output: z.object({ epochs: z.record(z.string(), z.number().int()) }),
  },
} as const satisfies Operations;
