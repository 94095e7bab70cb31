import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createAgentClient, type AgentClient, type ClientOptions } from '../../src/agent/client';
import { startAgent, type Agent, type AgentOptions } from '../../src/agent/main';
import { Fleet } from '../../src/contract/fleet';
import type { Sent } from '../../src/contract/capabilities/copy';
import type { JobContext } from '../../src/contract/operations';
import type { CapabilityOf, DriverTable } from '../../src/drivers/host';

/** What a test has started; `close` ends it all, the newest first, even when the test failed. */
export class Scene {
  private readonly endings: (() => unknown)[] = [];

  onEnd(end: () => unknown): void {
    this.endings.push(end);
  }

  async close(): Promise<void> {
    const failures: unknown[] = [];
    for (const end of this.endings.splice(0).toReversed())
      await Promise.resolve()
        .then(end)
        .catch((error: unknown) => failures.push(error));
    if (failures.length > 0) throw new AggregateError(failures, 'the scene did not close');
  }

  directory(): string {
    const directory = mkdtempSync(join(tmpdir(), 'evenkeel-agent-'));
    this.onEnd(() => rmSync(directory, { recursive: true, force: true }));
    return directory;
  }

  async agent(options: Partial<AgentOptions> = {}): Promise<Agent> {
    const fleet = options.fleet ?? fleetOf({ a: 'http://127.0.0.1:0' });
    const agent = await startAgent({ fleet, host: 'a', stateDir: this.directory(), token, log: () => {}, ...options });
    this.onEnd(() => agent.stop());
    return agent;
  }

  client(url: string, options: Partial<ClientOptions> = {}): AgentClient {
    const client = createAgentClient({ host: 'a', url, token, patienceMs: 500, ...options });
    this.onEnd(() => client.close());
    return client;
  }
}

export const token = 'token-of-this-test';

export const fleetOf = (hosts: Record<string, string>, more: object = {}): Fleet =>
  Fleet.parse({
    fleet: 'test',
    hosts: Object.fromEntries(Object.entries(hosts).map(([name, agent]) => [name, { agent }])),
    ...more,
  });

/** Work that ends when the test says so. */
export interface Work {
  input: Parameters<CapabilityOf<'copy'>['send']>[0];
  job: JobContext;
  done(): void;
  fail(error: Error): void;
}

/** A driver of `copy` whose jobs the test holds in its hand. Its acts and looks answer at once. */
export function handHeldCopy(over: Partial<CapabilityOf<'copy'>> = {}): { table: DriverTable; begun: Work[] } {
  const begun: Work[] = [];
  const send: CapabilityOf<'copy'>['send'] = (input, job) =>
    new Promise((resolve, reject) => {
      job.signal.addEventListener('abort', () => reject(job.signal.reason as Error), { once: true });
      begun.push({ input, job, done: () => resolve(nothingSent), fail: reject });
    });
  const refuse = () => Promise.reject(new Error('not asked in these tests'));
  const driver: CapabilityOf<'copy'> = {
    send,
    door: async () => ({ port: 1 }),
    digest: refuse,
    discard: refuse,
    forget: async () => ({}),
    limit: async ({ bytesPerSecond }) => ({ bytesPerSecond }),
    failures: async () => ({ failures: [], total: 0 }),
    ...over,
  };
  return { table: { copy: async () => ({ driver, stop: async () => {} }) }, begun };
}

export const nothingSent: Sent = {
  ...{ items: 0, seen: 0, unchanged: 0, files: 0, bytes: 0, directories: 0, symlinks: 0, hardLinks: 0, deleted: 0 },
  ...{ rereads: 0, failed: 0, special: 0, ownersNotSet: 0, linksAcrossItems: 0, durationMs: 0 },
};

export const consignment = (epoch = 1, items = ['share']): Work['input'] => ({
  from: { fsvm: 'a', host: 'a', root: '/from' },
  to: { fsvm: 'b', host: 'b', root: '/to' },
  items,
  lanes: 1,
  filters: { include: [], exclude: [] },
  paranoid: false,
  fsync: true,
  lease: { target: 'files2', epoch },
});

export const jobContext = (
  id: string,
  signal: AbortSignal = new AbortController().signal,
): JobContext & { reports: unknown[] } => {
  const reports: unknown[] = [];
  return { id, signal, report: (progress) => void reports.push(progress), reports };
};

export const first = <T>(of: T[]): T => {
  if (of[0] === undefined) throw new Error('nothing there yet');
  return of[0];
};
