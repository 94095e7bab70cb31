import { readFileSync } from 'node:fs';
import type { CapabilityOf } from '../drivers/host';
import type { Epochs } from './epochs';
import type { Jobs } from './jobs';
import { version } from './version';

/** How long jobs may take to end before the caller is told to ask again, ms. Less than what clients allow. */
const cancelWaitMs = 20_000;

/** The `host` capability: what an agent says of itself, and of its jobs. */
export function describeHost(
  host: string,
  parts: { roots: readonly string[]; capabilities: readonly string[]; jobs: Jobs; epochs: Epochs },
): CapabilityOf<'host'> {
  const startedAt = new Date().toISOString();
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  const privileged = process.geteuid?.() === 0;
  return {
    describe: async () => ({
      ...{ host, version, privileged, bootId, startedAt },
      roots: [...parts.roots],
      capabilities: [...parts.capabilities],
    }),
    jobs: async ({ limit }) => ({ jobs: parts.jobs.list(limit) }),
    stopJobs: async ({ under }) => ({ stopped: await parts.jobs.cancelUnder(under, cancelWaitMs) }),
    epochs: async () => ({ epochs: parts.epochs.all() }),
  };
}
