import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { EndpointEntry } from '../../src/contract/endpoints';
import type { TrafficInput } from '../../src/contract/capabilities/traffic';
import type { CapabilityOf, Host, Running } from '../../src/drivers/host';
import { iptables } from '../../src/drivers/traffic/iptables';
import { nftables } from '../../src/drivers/traffic/nftables';
import type { TrafficTables } from '../../src/drivers/traffic/parts';
import { traffic } from '../../src/drivers/traffic/traffic';
import { Scene } from '../contract/agents';
import { ended } from './loadScene';

type Traffic = CapabilityOf<'traffic'>;
export type By = EndpointEntry['by'];

const tables: TrafficTables = { routes: { nftables: async () => nftables, iptables: async () => iptables } };

export const port = 5000;
export const forwarder = '198.18.81.1';
export const servers = { one: '198.18.81.11', two: '198.18.81.12', three: '198.18.81.13' } as const;
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

/** A forwarder, its clients and three servers, in network namespaces of their own. */
export class TrafficScene extends Scene {
  private readonly tag = `ek${process.pid}x${scenes++}`;
  private readonly forwarderSpace = `${this.tag}f`;
  /** Apart from the forwarder: the kernel may apply rules of its namespace to a bridge in it as well. */
  private readonly switchSpace = `${this.tag}switch`;
  readonly clients = new Map<'outside' | 'forwarder', Client>();
  private readonly processes = new Map<Server, ChildProcess>();

  constructor(readonly by: By) {
    super();
  }

  async open(): Promise<void> {
    this.space(this.switchSpace);
    ip('-n', this.switchSpace, 'link', 'add', 'switch', 'type', 'bridge');
    ip('-n', this.switchSpace, 'link', 'set', 'switch', 'up');
    this.plug('f', forwarder);
    const outside = this.plug('client', client);
    for (const server of ['one', 'two'] as const) {
      const child = await this.program(this.plug(server, servers[server]), answering, server);
      this.processes.set(server, child);
    }
    this.clients.set('outside', new Client(await this.program(outside, asking)));
    this.clients.set('forwarder', new Client(await this.program(this.forwarderSpace, asking)));
  }

  /** An agent of the forwarder. The rules are those of its network namespace. */
  async traffic(over: Partial<EndpointEntry> = {}): Promise<Running<Traffic>> {
    const host: Pick<Host, 'name' | 'stateDir' | 'endpoints' | 'proxies' | 'log'> = {
      name: 'fa',
      stateDir: (this.stateDir ??= this.directory()),
      endpoints: { orders: { ...endpoint, by: this.by, ...over } },
      proxies: {},
      log: () => {},
    };
    const within = ['ip', 'netns', 'exec', this.forwarderSpace];
    const running = await traffic(host as Host, tables, { within });
    this.onEnd(() => running.stop());
    return running;
  }
  private stateDir: string | undefined;

  ask(from: 'outside' | 'forwarder' = 'outside'): Promise<Said> {
    return this.clients.get(from)!.ask();
  }

  /** Nothing comes from it any more, not even a reset. */
  cut(server: Server): void {
    ip('-n', this.switchSpace, 'link', 'set', server, 'nomaster');
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
  private readonly open = new Map<number, { connected(): void; over(said: Said): void }>();

  constructor(private readonly child: ChildProcess) {
    child.on('message', ({ id, connected, ...said }: { id: number; connected?: boolean } & Said) => {
      if (connected) return this.open.get(id)?.connected();
      this.open.get(id)?.over(said);
      this.open.delete(id);
    });
  }

  /** One short connection. */
  async ask(): Promise<Said> {
    return (await this.connect('who')).over;
  }

  /** A connection that has asked, and waits. Its `over` comes when it ends, which may be never. */
  async wait(): Promise<{ over: Promise<Said> }> {
    return this.connect('hold');
  }

  private async connect(question: 'who' | 'hold'): Promise<{ over: Promise<Said> }> {
    const id = ++this.last;
    let over!: Promise<Said>;
    const connected = new Promise<void>((resolve) => {
      over = new Promise((end) => this.open.set(id, { connected: resolve, over: (said) => (resolve(), end(said)) }));
    });
    this.child.send({ id, question, host: forwarder, port });
    await connected;
    return { over };
  }
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

const endpoint = EndpointEntry.parse({
  name: 'orders.db.test',
  port,
  members: { one: { host: 'one', address: servers.one, data: '/srv/one' } },
  forwarders: { fa: { host: 'fa', address: forwarder } },
  observers: ['a', 'b', 'c'],
});

const ip = (...args: string[]): void => void execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });

/** A server that says its name to `who`, and nothing to anything else. */
const answering = `
  const server = require('node:net').createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (data) => String(data).startsWith('who') && socket.end(process.argv[1]));
  });
  server.listen(5432, () => process.send({}));
`;

const asking = `
  process.on('message', ({ id, question, host, port }) => {
    const start = performance.now();
    let [by, error] = ['', undefined];
    const socket = require('node:net').connect({ host, port });
    socket.on('connect', () => socket.write(question + '\\n', () => question === 'hold' && process.send({ id, connected: true })));
    socket.on('data', (data) => (by += data));
    socket.on('error', ({ code }) => (error = code));
    socket.on('close', () => process.send({ id, ...(by && { by }), ...(error && { error }), ms: performance.now() - start }));
  });
  process.send({});
`;
