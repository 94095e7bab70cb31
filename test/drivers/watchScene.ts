import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { EndpointEntry, ProxiesEntry } from '../../src/contract/endpoints';
import type { Observation, Sight } from '../../src/contract/sights';
import type { CapabilityOf, Host } from '../../src/drivers/host';
import { watch as watchDriver } from '../../src/drivers/watch/watch';
import { postgresBin } from '../../src/stack/machine';
import { freePort } from '../../src/stack/ports';
import type { Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { lesserUser } from './lesserUser';
import { ended, folderIn, startProgram } from './loadScene';
import { password, pgbouncerFiles } from './pgbouncerServer';

export type Watch = CapabilityOf<'watch'>;

/** The driver of a host that is named `a`, with its watcher, until the scene ends. */
export function watching(
  scene: Scene,
  parts: Partial<Host>,
): { watch: Watch; logged: string[]; stop: () => Promise<void>; pid: () => number | undefined } {
  const logged: string[] = [];
  const host: Partial<Host> = {
    ...{ name: 'a', stateDir: scene.directory(), endpoints: {}, proxies: {} },
    log: (event, facts) => void logged.push(`${event} ${JSON.stringify(facts ?? {})}`),
    ...parts,
  };
  const running = watchDriver(host as Host);
  scene.onEnd(() => running.stop());
  return { watch: running.driver, logged, stop: () => running.stop(), pid: () => running.pid };
}

/** Follows one thing by long polls, and keeps all that was said of it. */
export class Follower {
  readonly seen: (Sight & { heardMs: number })[] = [];
  last: Observation | undefined;
  private over = false;

  constructor(
    private readonly watch: Watch,
    private readonly target: string,
    private readonly name: string,
  ) {
    void this.follow();
  }

  get now(): Sight | undefined {
    return this.last?.sights[this.name];
  }
  /** Ms from `sinceMs` until it first said so. */
  async says(wanted: Partial<Sight>, sinceMs = 0): Promise<number> {
    const sight = await eventually(
      () =>
        this.seen.find(
          (one) =>
            one.heardMs >= sinceMs &&
            Object.entries(wanted).every(([name, value]) => one[name as keyof Sight] === value),
        ),
      { everyMs: 2 },
    );
    return Math.round(sight.heardMs - sinceMs);
  }
  stop(): void {
    this.over = true;
  }

  private async follow(): Promise<void> {
    for (let after = -1; !this.over;) {
      this.last = await this.watch.look({ target: this.target, after, waitMs: 200 });
      if (this.last.revision > after && this.now) this.seen.push({ ...this.now, heardMs: Date.now() });
      after = this.last.revision;
    }
  }
}

export interface Server {
  port: number;
  data: string;
  passwordFile: string;
  connect(): Promise<Client>;
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  /** Its postmaster, and it with all of its children. */
  pid(): number;
  all(): number[];
}

/** A PostgreSQL of its own, whose data directory is known; with `follows`, a standby of another one. */
export async function member(
  scene: Scene,
  name: string,
  options: { follows?: Server; settings?: Record<string, string | number> } = {},
): Promise<Server> {
  const folder = folderIn(scene, name);
  const user = lesserUser(folder);
  const bin = postgresBin() ?? '';
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const as = { cwd: folder, stdio: 'ignore', ...user } as const;
  if (options.follows) {
    const from = `host=127.0.0.1 port=${options.follows.port} user=evenkeel password=${password} application_name=${name}`;
    execFileSync(join(bin, 'pg_basebackup'), ['-D', data, '-R', '-d', from, '-c', 'fast', '-X', 'stream'], as);
  } else {
    writeFileSync(join(folder, 'initial'), password, { mode: 0o644 });
    const args = `-D ${data} -U evenkeel -A scram-sha-256 --pwfile=${join(folder, 'initial')} -N -E UTF8`;
    execFileSync(join(bin, 'initdb'), args.split(' '), as);
  }
  const port = await freePort();
  const settings = {
    ...{ port, listen_addresses: '127.0.0.1', unix_socket_directories: folder, fsync: 'off', shared_buffers: '16MB' },
    ...{ superuser_reserved_connections: 1, max_wal_senders: 3 },
    ...options.settings,
  };
  const flags = Object.entries(settings).flatMap(([key, value]) => ['-c', `${key}=${value}`]);
  const connect = async () => {
    const client = new Client({ host: '127.0.0.1', port, user: 'evenkeel', database: 'postgres', password });
    client.on('error', () => {});
    await client.connect();
    return client;
  };
  const run = () => startProgram(scene, [join(bin, 'postgres'), '-D', data, ...flags], { cwd: folder, ...user });
  let child = run();
  /** One that takes no connections by its settings is ready when it says so. */
  const ready = () =>
    eventually(async () => {
      const client = await connect().catch((error: { code?: string }) => {
        if (error.code !== '57P03' || options.settings?.['hot_standby'] !== 'off') throw error;
      });
      await client?.end();
      return true;
    });
  await ready();
  const pid = () => child.pid!;
  return {
    ...{ port, data, passwordFile, connect, pid },
    start: async () => {
      if (child.exitCode === null && child.signalCode === null) return;
      child = run();
      await ready();
    },
    stop: (signal = 'SIGINT') => ended(child, signal),
    all: () => [pid(), ...readFileSync(`/proc/${pid()}/task/${pid()}/children`, 'utf8').trim().split(' ').map(Number)],
  };
}

/** An endpoint with these members; all on host `a` that are in `own`, which observes. */
export const endpointOf = (members: Record<string, Server>, own: string[] = [], probe: object = {}): EndpointEntry =>
  EndpointEntry.parse({
    name: 'orders.example',
    forwarders: {},
    observers: ['a', 'b', 'c'],
    probe,
    members: Object.fromEntries(
      Object.entries(members).map(([name, { port, data, passwordFile }]) => [
        name,
        {
          ...{ host: own.includes(name) ? 'a' : 'elsewhere', address: '127.0.0.1', port, data, user: 'evenkeel' },
          password: { file: passwordFile },
        },
      ]),
    ),
  });

export interface Proxy {
  port: number;
  start(): Promise<void>;
  restartOnline(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  signal(signal: NodeJS.Signals): void;
  passwordFile: string;
  console(sql: string): Promise<Record<string, unknown>[]>;
}

/** A pgbouncer; nothing is behind it. */
export async function proxy(
  scene: Scene,
  name: string,
  settings: Record<string, string | number> = {},
): Promise<Proxy> {
  const { command, folder, user, port, passwordFile, console } = await pgbouncerFiles(scene, {
    name,
    more: (own) => ({ so_reuseport: 1, pidfile: join(own, 'pid'), ...settings }),
  });
  const run = () => startProgram(scene, command, { cwd: folder, ...user });
  let child = run();
  const start = async () => {
    child = run();
    await eventually(() => console('SHOW VERSION'));
  };
  await eventually(() => console('SHOW VERSION'));
  return {
    ...{ port, passwordFile, console, start },
    stop: (signal = 'SIGKILL') => ended(child, signal),
    signal: (signal) => void child.kill(signal),
    restartOnline: start,
  };
}

export const pairOf = (proxies: Record<string, Proxy>, more: object = {}): ProxiesEntry =>
  ProxiesEntry.parse({
    nodes: Object.fromEntries(
      Object.entries(proxies).map(([name, { port, passwordFile }]) => [
        name,
        {
          ...{ host: name, address: '192.0.2.1', own: '127.0.0.1', port, device: 'lo' },
          console: `postgres://evenkeel@127.0.0.1:${port}/pgbouncer`,
          password: { file: passwordFile },
        },
      ]),
    ),
    autonomy: 'observe',
    ...more,
  });
