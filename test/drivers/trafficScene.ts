import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { EndpointEntry } from '../../src/contract/endpoints';
import type { TrafficInput } from '../../src/contract/capabilities/traffic';
import type { CapabilityOf, Host, Running } from '../../src/drivers/host';
import type { Ground } from '../../src/drivers/traffic/ground';
import { iptables } from '../../src/drivers/traffic/iptables';
import { nftables } from '../../src/drivers/traffic/nftables';
import type { TrafficTables } from '../../src/drivers/traffic/parts';
import { traffic } from '../../src/drivers/traffic/traffic';
import { fleetOf, Scene } from '../contract/agents';
import { ended } from './loadScene';

type Traffic = CapabilityOf<'traffic'>;
export type By = EndpointEntry['by'];

const tables: TrafficTables = { routes: { nftables: async () => nftables, iptables: async () => iptables } };

export const port = 5000;
export const forwarder = '198.18.81.1';
export const servers = { one: '198.18.81.11', two: '198.18.81.12' } as const;
const client = '198.18.81.20';
export type Server = keyof typeof servers;

export const at = (server: Server) => ({ address: servers[server], port: 5432 });

/** What became of a connection. */
export interface Said {
  /** The server that answered. */
  by?: string;
  error?: string;
  ms: number;
}

let scenes = 0;

/** A forwarder, its clients and two servers, in network namespaces of their own. */
export class TrafficScene extends Scene {
  private readonly tag = `ek${process.pid}x${scenes++}`;
  private readonly forwarderSpace = `${this.tag}f`;
  /** Apart from the forwarder: the kernel may apply rules of its namespace to a bridge in it as well. */
  private readonly switchSpace = `${this.tag}switch`;
  readonly clients = new Map<'outside' | 'forwarder', Client>();
  private readonly programs = new Map<Server, ChildProcess>();
  private stateDir = '';

  constructor(readonly by: By) {
    super();
  }

  async open(): Promise<void> {
    this.stateDir = this.directory();
    this.space(this.switchSpace);
    ip('-n', this.switchSpace, 'link', 'add', 'switch', 'type', 'bridge');
    ip('-n', this.switchSpace, 'link', 'set', 'switch', 'up');
    this.plug('f', forwarder);
    const outside = this.plug('client', client);
    for (const server of ['one', 'two'] as const)
      this.programs.set(server, await this.program(this.plug(server, servers[server]), answering, server));
    this.clients.set('outside', new Client(await this.program(outside, asking)));
    this.clients.set('forwarder', new Client(await this.program(this.forwarderSpace, asking)));
  }

  /** The driver itself. */
  async bareTraffic(over: Partial<EndpointEntry> = {}): Promise<Traffic> {
    const host: Pick<Host, 'name' | 'stateDir' | 'endpoints' | 'proxies' | 'log'> = {
      name: 'a',
      stateDir: this.stateDir,
      endpoints: { orders: { ...EndpointEntry.parse({ ...endpoint, by: this.by }), ...over } },
      proxies: {},
      log: () => {},
    };
    const running = await this.driver(host as Host);
    this.onEnd(() => running.stop());
    return running.driver;
  }

  /** The same through the HTTP of an agent. */
  async agentTraffic(): Promise<Traffic> {
    const endpoints = { orders: { ...endpoint, by: this.by } };
    const fleet = fleetOf({ a: 'http://127.0.0.1:0' }, { endpoints });
    const agent = await this.agent({ fleet, drivers: { traffic: (host) => this.driver(host) } });
    return this.client(agent.url).traffic;
  }

  get ground(): Ground {
    const host = { name: 'a', stateDir: this.stateDir, log: () => {} };
    return { host, within: ['ip', 'netns', 'exec', this.forwarderSpace] };
  }

  private driver(host: Host): Promise<Running<Traffic>> {
    return traffic(host, tables, { within: this.ground.within });
  }

  /** Runs a program of an administrator on the forwarder. */
  onForwarder(program: string, ...args: string[]): void {
    ip('netns', 'exec', this.forwarderSpace, program, ...args);
  }

  /** What the forwarder's kernel thinks of each connection. */
  states(): string[] {
    const words = ['netns', 'exec', this.forwarderSpace, 'conntrack', '-L', '-p', 'tcp'];
    const listed = execFileSync('ip', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    return listed.split('\n').flatMap((line) => line.match(/ ([A-Z]\w+) src=/)?.[1] ?? []);
  }

  /** Kills the programs of that name which the driver has on the forwarder. */
  kill(program: string): void {
    const pids = execFileSync('ip', ['netns', 'pids', this.forwarderSpace], { encoding: 'utf8' }).trim().split('\n');
    for (const pid of pids)
      if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() === program) process.kill(Number(pid), 'SIGKILL');
  }

  ask(from: 'outside' | 'forwarder' = 'outside'): Promise<Said> {
    return this.clients.get(from)!.ask();
  }

  /** Nothing comes from it any more, not even a reset. */
  cut(server: Server): void {
    ip('-n', this.switchSpace, 'link', 'set', server, 'nomaster');
  }

  /** Kills the server: its kernel says so to each of its clients. */
  end(server: Server): Promise<void> {
    return ended(this.programs.get(server)!);
  }

  private space(name: string): void {
    ip('netns', 'add', name);
    this.onEnd(() => ip('netns', 'delete', name));
    ip('-n', name, 'link', 'set', 'lo', 'up');
  }

  private plug(name: string, address: string): string {
    const space = `${this.tag}${name}`;
    this.space(space);
    ip('-n', this.switchSpace, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', space);
    ip('-n', this.switchSpace, 'link', 'set', name, 'master', 'switch', 'up');
    ip('-n', space, 'address', 'add', `${address}/24`, 'dev', 'eth0');
    ip('-n', space, 'link', 'set', 'eth0', 'up');
    return space;
  }

  private async program(space: string, script: string, ...args: string[]): Promise<ChildProcess> {
    const words = ['netns', 'exec', space, process.execPath, '-e', script, ...args];
    const child = spawn('ip', words, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    this.onEnd(() => ended(child));
    await once(child, 'message');
    return child;
  }
}

/** Makes connections to the endpoint, in a process of its own. */
export class Client {
  private last = 0;
  private readonly open = new Map<number, { connected(): void; heard(bytes: number): void; over(said: Said): void }>();

  constructor(private readonly child: ChildProcess) {
    child.on(
      'message',
      ({ id, connected, heard, ...said }: Said & { id: number; connected?: true; heard?: number }) => {
        if (connected) return this.open.get(id)?.connected();
        if (heard !== undefined) return this.open.get(id)?.heard(heard);
        this.open.get(id)?.over(said);
      },
    );
  }

  /** One short connection. */
  async ask(toPort = port): Promise<Said> {
    return (await this.connect('who', toPort)).over;
  }

  /** A connection that has asked, and waits. Its `over` comes when it ends, which may be never. */
  wait(): Promise<Waiting> {
    return this.connect('hold');
  }

  /** A connection whose server talks all the time. */
  listen(): Promise<Waiting> {
    return this.connect('talk');
  }

  private async connect(question: 'who' | 'hold' | 'talk', toPort = port): Promise<Waiting> {
    const id = ++this.last;
    let over!: Promise<Said>;
    const connected = new Promise<void>((resolve) => {
      over = new Promise((end) => {
        this.open.set(id, { connected: resolve, heard: () => {}, over: (said) => (resolve(), end(said)) });
      });
    });
    this.child.send({ id, question, host: forwarder, port: toPort });
    await connected;
    const heard = () =>
      new Promise<number>((resolve) => {
        this.open.get(id)!.heard = resolve;
        this.child.send({ id, heard: true });
      });
    return { over, heard, say: () => void this.child.send({ id, say: true }) };
  }
}

export interface Waiting {
  over: Promise<Said>;
  say(): void;
  /** How much it has heard so far, bytes. */
  heard(): Promise<number>;
}

export const close = (from: number, epoch: number, reject: string[] = []): TrafficInput<'close'> => ({
  endpoint: 'orders',
  from,
  lease: { target: 'orders', epoch },
  reject,
});
export const open = (epoch: number, server: Server): TrafficInput<'open'> => ({
  endpoint: 'orders',
  lease: { target: 'orders', epoch },
  to: at(server),
});

const endpoint = {
  name: 'orders.db.test',
  port,
  members: { one: { host: 'one', address: servers.one, data: '/srv/one' } },
  forwarders: { fa: { host: 'a', address: forwarder } },
  observers: ['a', 'b', 'c'],
};

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** A server that says its name to `who`, says it again and again to `talk`, and answers nothing to anything else. */
const answering = `
  const name = process.argv[1];
  const server = require('node:net').createServer((socket) => {
    let timer;
    socket.on('error', () => {});
    socket.on('close', () => clearInterval(timer));
    socket.on('data', (data) => {
      if (String(data).startsWith('who')) socket.end(name);
      if (String(data).startsWith('talk')) timer = setInterval(() => socket.write(name), 5);
    });
  });
  server.listen(5432, () => process.send({}));
`;

const asking = `
  const sockets = new Map();
  process.on('message', ({ id, question, host, port, say, heard }) => {
    if (heard) return process.send({ id, heard: sockets.get(id).bytesRead });
    if (say) return sockets.get(id).write('more');
    const start = performance.now();
    let [by, error] = ['', undefined];
    const socket = require('node:net').connect({ host, port });
    sockets.set(id, socket);
    socket.on('connect', () => socket.write(question, () => question !== 'who' && process.send({ id, connected: true })));
    socket.on('data', (data) => question === 'who' && (by += data));
    socket.on('error', ({ code }) => (error = code));
    socket.on('close', () => process.send({ id, ...(by && { by }), ...(error && { error }), ms: performance.now() - start }));
  });
  process.send({});
`;
