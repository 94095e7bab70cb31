import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { lstatSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { connectOperator, type Operator } from '../../src/api/operator';
import type { RunView } from '../../src/api/views';
import { createAgentClient, type AgentClient } from '../../src/agent/client';
import type { Fleet } from '../../src/contract/fleet';
import { startStack, type Stack } from '../../src/stack/embedded';
import { freePort } from '../../src/stack/ports';
import { stackTokens } from '../../src/stack/stackState';
import { eventually } from './eventually';

export interface LaboratoryOptions {
  /** Hosts on each side. */
  hosts?: number;
  /** How many independent file servers, old and new, these hosts carry: a story each. */
  pairs?: number;
  /** A Temporal server of its own, that may be killed; otherwise the suite's. */
  ownTemporal?: boolean;
  /** Objects of the fleet file, which the hosts know from their start; files go into the root of `new-1`. */
  objects?: (root: string, tag: string) => Record<string, object>;
  /** More roots of `new-1`. */
  roots?: readonly string[];
}

/** Real agents, a real worker, a real API and a real Temporal, in a folder that is gone afterwards. */
export class Laboratory {
  private taken = 0;
  private readonly agents = new Map<string, AgentClient>();

  private constructor(
    readonly folder: string,
    readonly tag: string,
    readonly stack: Stack,
    readonly operator: Operator,
    private readonly pairs: number,
    private readonly restoreEnv: () => void,
  ) {}

  static async open(options: LaboratoryOptions = {}): Promise<Laboratory> {
    const { hosts = 2, pairs = 1, ownTemporal, objects, roots = [] } = options;
    const folder = mkdtempSync(join(tmpdir(), 'evenkeel-lab-'));
    const tag = randomBytes(4).toString('hex');
    const restoreEnv = setEnv({
      EVENKEEL_STATE: join(folder, 'state'),
      EVENKEEL_TASK_QUEUE: `evenkeel-${tag}`,
      ...(ownTemporal && { TEMPORAL_ADDRESS: undefined }),
    });
    try {
      const fleet = await labFleet(folder, tag, hosts, pairs, roots);
      writeFileSync(
        join(folder, 'fleet.yaml'),
        stringify({ ...fleet, ...(objects && { objects: objects(join(folder, 'new-1'), tag) }) }),
      );
      const stateDir = join(folder, 'state');
      const stack = await startStack({ fleet: join(folder, 'fleet.yaml'), stateDir, say: () => {} });
      const operator = await connectOperator({ waitMs: 10_000 });
      return new Laboratory(folder, tag, stack, operator, pairs, restoreEnv);
    } catch (error) {
      restoreEnv();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  async close(): Promise<void> {
    try {
      for (const agent of this.agents.values()) agent.close();
      await this.operator.close();
      await this.stack.stop();
    } finally {
      this.restoreEnv();
      rmSync(this.folder, { recursive: true, force: true });
    }
  }

  /** File servers that no story has used yet. Their old one is frozen by a hook that fails until `mend()`. */
  pair(): Pair {
    if (this.taken === this.pairs) throw new Error('this laboratory has no more pairs: open it with more');
    return new Pair(this, ++this.taken);
  }

  agent(host: string): AgentClient {
    const known = this.agents.get(host);
    if (known) return known;
    const { agent: token } = stackTokens(join(this.folder, 'state'));
    const client = createAgentClient({ host, url: this.stack.fleet.hosts[host]!.agent, token });
    this.agents.set(host, client);
    return client;
  }

  /** Waits until the run is in a phase (`ended`: until it has ended), and shows it. */
  until(id: string, phase: RunView['phase'] | 'ended', timeoutMs = 60_000): Promise<RunView> {
    return eventually(
      async () => {
        const run = await this.operator.show(id);
        if (phase === 'ended' ? run.endedAt !== undefined : run.phase === phase) return run;
        throw new NotYet(run, phase);
      },
      { timeoutMs, everyMs: 100 },
    );
  }

  /** Edits the fleet file, as an operator would, and waits until the worker goes by it. */
  async change(edit: (fleet: Fleet) => void): Promise<void> {
    const file = join(this.folder, 'fleet.yaml');
    const fleet = parse(readFileSync(file, 'utf8')) as Fleet;
    edit(fleet);
    writeFileSync(file, stringify(fleet));
    await pause(fleetSettledMs);
  }
}

/** The worker looks at its fleet file once a second. */
const fleetSettledMs = 1_500;

/** An old file server and a new one. */
export class Pair {
  readonly from: string;
  readonly to: string;

  constructor(
    readonly lab: Laboratory,
    readonly number: number,
  ) {
    this.from = `legacy${number}-${lab.tag}`;
    this.to = `files${number}-${lab.tag}`;
  }

  /** The directory of an FSVM: `old-1`, `new-2`. */
  store(host: string): string {
    return join(this.lab.folder, host, String(this.number));
  }

  /** Items on each old FSVM, named after it: `files` files of `bytes` bytes in each. */
  fill(items: readonly string[], { files = 20, bytes = 40_000 } = {}): this {
    for (const host of ['old-1', 'old-2'])
      for (const item of items) {
        mkdirSync(join(this.store(host), `${item}-${host}`));
        for (let n = 0; n < files; n++)
          writeFileSync(
            join(this.store(host), `${item}-${host}`, `${n}`),
            Buffer.alloc(bytes, `${host} ${item} ${n} `),
          );
      }
    return this;
  }

  /** What lies on the new FSVMs. */
  stored(): string[] {
    return ['new-1', 'new-2'].flatMap((host) => readdirSync(this.store(host)));
  }

  /** From now on the hook that freezes the old file server succeeds. */
  mend(): this {
    writeFileSync(mendedFile(this.lab.folder, this.number), '');
    return this;
  }

  async start(input: Record<string, unknown> = {}): Promise<string> {
    const { id } = await this.lab.operator.start('ingest-vfs', { from: this.from, to: this.to, ...input }, 'ann');
    return id;
  }

  until(id: string, phase: RunView['phase'] | 'ended', timeoutMs?: number): Promise<RunView> {
    return this.lab.until(id, phase, timeoutMs);
  }

  /** Runs an ingestion to its end. */
  async ingest(input: Record<string, unknown> = {}): Promise<RunView> {
    return this.until(await this.start(input), 'ended');
  }

  /** What rsync still sees between each item and its copy: nothing, after an ingestion. */
  differences(): string {
    const copies = ['new-1', 'new-2'].flatMap((host) =>
      readdirSync(this.store(host)).map((item) => join(this.store(host), item)),
    );
    return ['old-1', 'old-2']
      .flatMap((host) => readdirSync(this.store(host)).map((item) => join(this.store(host), item)))
      .map((item) => {
        const copy = copies.find((each) => basename(each) === basename(item));
        return copy === undefined ? `${item} has no copy\n` : rsyncSees(item, dirname(copy));
      })
      .join('');
  }
}

const mendedFile = (folder: string, pair: number): string => join(folder, `mended-${pair}`);

class NotYet extends Error {
  constructor(run: RunView, phase: string) {
    const said = run.failure?.message ?? run.unanswered ?? '';
    super(`the run is ${run.phase}, not ${phase}: ${said}\n${sentences(run).join('\n')}`);
  }
}

/** The sentences of a run with how each went; names that differ from run to run are made the same. */
export const sentences = (run: RunView): string[] =>
  run.steps.map(({ state, what, why }) => plain(`${state}: ${what}${why ? ` (${why})` : ''}`));

export const plain = (text: string): string =>
  text
    .replaceAll(/\S*evenkeel-lab-\w+/g, 'LAB')
    .replaceAll(/\d*-[0-9a-f]{8}\b/g, '')
    .replaceAll(/\d+(\.\d+)? (B|KiB|MiB)\b/g, 'N bytes');

/** What rsync still sees between an item and its copy in a directory. */
function rsyncSees(item: string, into: string): string {
  const flags = ['-aHAXn', '--no-D', '--modify-window=-1', '--checksum', '--itemize-changes'];
  const isDirectory = lstatSync(item).isDirectory();
  const ends = isDirectory ? [`${item}/`, `${join(into, basename(item))}/`] : [item, `${into}/`];
  return execFileSync('rsync', [...flags, ...(isDirectory ? ['--delete'] : []), ...ends], { encoding: 'utf8' });
}

async function labFleet(
  folder: string,
  tag: string,
  count: number,
  pairs: number,
  more: readonly string[],
): Promise<object> {
  const hosts: Record<string, object> = {};
  const fileServers: Record<string, { fsvms: Record<string, object>; freeze?: object }> = {};
  for (const side of ['old', 'new'] as const)
    for (let ordinal = 1; ordinal <= count; ordinal++) {
      const host = `${side}-${ordinal}`;
      const root = join(folder, host);
      // Ports from the kernel: other laboratories are started at the same time.
      hosts[host] = {
        agent: `http://127.0.0.1:${await freePort(0)}`,
        roots: [root, ...(host === 'new-1' ? more : [])],
        zone: host,
      };
      for (let pair = 1; pair <= pairs; pair++) {
        mkdirSync(join(root, String(pair)), { recursive: true });
        const name = `${side === 'old' ? 'legacy' : 'files'}${pair}-${tag}`;
        (fileServers[name] ??= { fsvms: {} }).fsvms[`${host}-fsvm`] = { host, root: join(root, String(pair)) };
        if (side === 'old')
          fileServers[name].freeze = { how: 'exec', freeze: ['test', '-e', mendedFile(folder, pair)], thaw: ['true'] };
      }
    }
  return { fleet: 'lab', hosts, fileServers };
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
