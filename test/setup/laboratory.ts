import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { connectOperator, type Operator } from '../../src/api/operator';
import type { RunView } from '../../src/api/views';
import { createAgentClient, type AgentClient } from '../../src/agent/client';
import type { Fleet } from '../../src/contract/fleet';
import { startStack, type Stack } from '../../src/stack/embedded';
import { freePort } from '../../src/stack/ports';
import { stackTokens } from '../../src/stack/stackState';
import { eventually } from './eventually';

export interface LaboratoryOptions {
  /** FSVMs on each side. */
  fsvms?: number;
  /** A Temporal server of its own, that may be killed; otherwise the suite's. */
  ownTemporal?: boolean;
  limits?: Partial<Fleet['limits']>;
  /** How the old file server is frozen. */
  freeze?: Fleet['fileServers'][string]['freeze'];
}

/** Two file servers on real agents, a real worker, a real API and a real Temporal, in a folder that is gone afterwards. */
export class Laboratory {
  private constructor(
    readonly folder: string,
    readonly stack: Stack,
    readonly operator: Operator,
    /** Names that no other laboratory on the same Temporal has. */
    readonly from: string,
    readonly to: string,
    private readonly restoreEnv: () => void,
  ) {}

  static async open(options: LaboratoryOptions = {}, fill?: (source: string) => void): Promise<Laboratory> {
    const folder = mkdtempSync(join(tmpdir(), 'evenkeel-lab-'));
    const tag = randomBytes(4).toString('hex');
    const [from, to] = [`legacy-${tag}`, `files-${tag}`];
    const restoreEnv = setEnv({
      EVENKEEL_STATE: join(folder, 'state'),
      EVENKEEL_TASK_QUEUE: `evenkeel-${tag}`,
      ...(options.ownTemporal && { TEMPORAL_ADDRESS: undefined }),
    });
    try {
      writeFileSync(join(folder, 'fleet.yaml'), stringify(await labFleet(folder, from, to, options)));
      fill?.(join(folder, 'old-1'));
      const stack = await startStack({
        fleet: join(folder, 'fleet.yaml'),
        stateDir: join(folder, 'state'),
        say: () => {},
      });
      process.env['TEMPORAL_ADDRESS'] = stack.state.temporal;
      const operator = await connectOperator({ waitMs: 10_000 });
      return new Laboratory(folder, stack, operator, from, to, restoreEnv);
    } catch (error) {
      restoreEnv();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async close(): Promise<void> {
    try {
      await this.operator.close();
      await this.stack.stop();
    } finally {
      this.restoreEnv();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  /** The directory of an FSVM: `old-1`, `new-2`. */
  store(host: string): string {
    return join(this.folder, host);
  }

  agent(host: string): AgentClient {
    return createAgentClient({
      host,
      url: this.stack.fleet.hosts[host]!.agent,
      token: stackTokens(join(this.folder, 'state')).agent,
    });
  }

  async start(input: Record<string, unknown> = {}): Promise<string> {
    const { id } = await this.operator.start('ingest-vfs', { from: this.from, to: this.to, ...input }, 'ann');
    return id;
  }

  /** Waits until the run is in a phase (`ended`: until it has ended), and shows it. */
  until(id: string, phase: RunView['phase'] | 'ended', timeoutMs = 60_000): Promise<RunView> {
    return eventually(
      async () => {
        const run = await this.operator.show(id);
        if (phase === 'ended' ? run.endedAt !== undefined : run.phase === phase) return run;
        if (run.endedAt !== undefined) throw new Ended(run);
        return undefined;
      },
      { timeoutMs, everyMs: 100 },
    );
  }

  /** Runs an ingestion to its end. */
  async ingest(input: Record<string, unknown> = {}): Promise<RunView> {
    return this.until(await this.start(input), 'ended');
  }
}

class Ended extends Error {
  constructor(run: RunView) {
    super(`the run ended ${run.phase}: ${run.failure?.message ?? ''} ${sentences(run).join(' | ')}`);
  }
}

/** The sentences of a run with how each went; names that differ from run to run are made the same. */
export const sentences = (run: RunView): string[] =>
  run.steps.map(({ state, what, why }) => plain(`${state}: ${what}${why ? ` (${why})` : ''}`));

export const plain = (text: string): string =>
  text.replace(/-(?=[0-9a-f]{8}\b)[0-9a-f-]{9}/g, '').replace(/\d+(\.\d+)? (B|KiB|MiB)\b/g, 'N bytes');

/** What rsync still sees between an item of the source and its copy: nothing, after an ingestion. */
export function rsyncSees(source: string, copy: string): string {
  const flags = ['-aHAXn', '--no-D', '--modify-window=-1', '--delete', '--checksum', '--itemize-changes'];
  return execFileSync('rsync', [...flags, source, copy], { encoding: 'utf8' });
}

async function labFleet(folder: string, from: string, to: string, options: LaboratoryOptions): Promise<object> {
  const { fsvms = 2, limits, freeze } = options;
  const hosts: Record<string, object> = {};
  const sides = { old: {} as Record<string, object>, new: {} as Record<string, object> };
  for (const side of ['old', 'new'] as const)
    for (let ordinal = 1; ordinal <= fsvms; ordinal++) {
      const host = `${side}-${ordinal}`;
      const root = join(folder, host);
      mkdirSync(root);
      // Ports from the kernel: other laboratories are started at the same time.
      hosts[host] = { agent: `http://127.0.0.1:${await freePort(0)}`, roots: [root], zone: host };
      sides[side][`${host}-fsvm`] = { host, root };
    }
  return {
    fleet: 'lab',
    hosts,
    fileServers: { [from]: { fsvms: sides.old, ...(freeze && { freeze }) }, [to]: { fsvms: sides.new } },
    ...(limits && { limits }),
  };
}

function setEnv(values: Record<string, string | undefined>): () => void {
  const before = Object.keys(values).map((key) => [key, process.env[key]] as const);
  const put = (key: string, value: string | undefined) => {
    if (value === undefined) delete process.env[key];
    else process.env[key] = value;
  };
  for (const [key, value] of Object.entries(values)) put(key, value);
  return () => before.forEach(([key, value]) => put(key, value));
}
