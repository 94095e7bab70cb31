import { Resolver } from 'node:dns/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { Client } from 'pg';
import type { Journal } from './journal';
import { outcomeOf } from './outcome';
import type { ClientPlan } from './protocol';

/** The server says who it is in the same statement: its address, and the timeline it writes on. */
const insert = `insert into writes (id) values ($1)
  returning host(inet_server_addr()) as server, substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) as timeline`;
/** Before the next try to connect; a client that does not wait at all would be a load of its own. */
const againMs = 10;
const resolveWithinMs = 250;

/** One client: a connection that is made again when it breaks, one write at a time, at its own pace. */
export class Connection {
  private client: Client | undefined;
  private resolver: Resolver | undefined;
  private lastAddress: string | undefined;
  private stopped = false;

  constructor(
    private readonly plan: ClientPlan,
    private readonly number: number,
    private readonly journal: Journal,
  ) {
    if ('name' in plan.to) {
      this.resolver = new Resolver({ timeout: resolveWithinMs, tries: 2 });
      this.resolver.setServers([plan.to.resolver]);
    }
  }

  /** Begins nothing more. */
  finish(): void {
    this.stopped = true;
  }

  async run(): Promise<void> {
    const everyMs = (1_000 * this.plan.connections) / this.plan.perSecond;
    let next = now() + (everyMs * this.number) / this.plan.connections;
    while (!this.stopped) {
      if (!this.client && !(await this.connect())) {
        await pause(againMs);
        continue;
      }
      await pause(Math.max(0, next - now()));
      // What was missed is not made up for, and nobody falls into step with the others: the load stays what it is.
      next += everyMs * Math.max(1, Math.ceil((now() - next) / everyMs));
      if (!this.stopped) await this.write();
    }
  }

  private async connect(): Promise<boolean> {
    const fromMs = now();
    let address = '';
    try {
      address = await this.address();
      const { port, connectTimeoutMs: connectionTimeoutMillis, queryTimeoutMs } = this.plan;
      const client = new Client({
        ...{ host: address, port, user: 'app', database: 'postgres', connectionTimeoutMillis, keepAlive: true },
        ...(queryTimeoutMs !== undefined && { query_timeout: queryTimeoutMs }),
      });
      client.on('error', () => this.drop(client));
      try {
        await client.connect();
      } catch (error) {
        destroy(client);
        throw error;
      }
      this.client = client;
      this.journal.connected(1);
      return true;
    } catch (error) {
      this.journal.refused(this.number, fromMs, address, reasonOf(error));
      return false;
    }
  }

  /** One of the name's addresses, and another one than the last where there is a choice. */
  private async address(): Promise<string> {
    const { to } = this.plan;
    if ('address' in to) return to.address;
    const all = (await this.resolver?.resolve4(to.name)) ?? [];
    const others = all.filter((address) => address !== this.lastAddress);
    const choice = others.length > 0 ? others : all;
    this.lastAddress = choice[Math.floor(Math.random() * choice.length)] ?? '';
    return this.lastAddress;
  }

  private async write(): Promise<void> {
    const { client } = this;
    // It broke while it waited for its turn.
    if (!client) return;
    const id = this.journal.begin(this.number);
    try {
      const { rows } = await client.query<{ server: string; timeline: string }>(insert, [id]);
      const { server = '', timeline = '0' } = rows[0] ?? {};
      this.journal.end(id, 'acknowledged', [server, Number.parseInt(timeline, 16)], null);
    } catch (error) {
      this.journal.end(id, outcomeOf(error as object), null, reasonOf(error));
      this.drop(client);
    }
  }

  drop(client = this.client): void {
    if (!client) return;
    destroy(client);
    if (this.client !== client) return;
    this.client = undefined;
    this.journal.connected(-1);
  }
}

/** `end` would wait for a server that does not answer. */
function destroy(client: Client): void {
  (client as unknown as { connection: { stream: { destroy(): void } } }).connection.stream.destroy();
}

const reasonOf = (error: unknown): string => {
  const { code, message } = error as { code?: string; message?: string };
  return [code, message].filter(Boolean).join(' ') || String(error);
};

const now = (): number => performance.timeOrigin + performance.now();
