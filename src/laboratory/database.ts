import { appendFileSync, chmodSync, chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { startChild } from '../stack/children';
import type { Endings } from './endings';
import { inside, type NetworkHost } from './network';
import { processesIn, signalAll } from './processes';
import { run } from './run';
import { as, type ServerUser } from './serverUser';
import { until } from './until';

export const databasePort = 5432;

export interface DatabasePlace {
  member: string;
  host: NetworkHost;
  /** Its data lies below; its log beside it. */
  folder: string;
  bin: string;
  user: ServerUser;
}

/** A PostgreSQL of the laboratory, in the namespace of its host. */
export class Database {
  readonly data: string;

  private constructor(private readonly place: DatabasePlace) {
    this.data = join(place.folder, 'data');
  }

  /** Copies the template; what it is to be is in the lines, of postgresql.auto.conf. Nothing is started. */
  static async make(
    endings: Endings,
    place: DatabasePlace,
    template: string,
    { settings, standby }: { settings: readonly string[]; standby: boolean },
  ): Promise<Database> {
    const database = new Database(place);
    const { user, folder } = place;
    mkdirSync(folder, { recursive: true });
    chownSync(folder, user.uid, user.gid);
    await run('cp', '-a', '--reflink=auto', template, database.data);
    chmodSync(database.data, 0o700);
    appendFileSync(join(database.data, 'postgresql.auto.conf'), settings.map((line) => `${line}\n`).join(''));
    if (standby) {
      writeFileSync(join(database.data, 'standby.signal'), '');
      chownSync(join(database.data, 'standby.signal'), user.uid, user.gid);
    }
    endings.add(() => database.end());
    return database;
  }

  get member(): string {
    return this.place.member;
  }

  get address(): string {
    return this.place.host.address;
  }

  /** Starts it as nobody's child but the laboratory's, and returns when it answers. */
  async start(): Promise<void> {
    const { host, user, bin, folder, member } = this.place;
    const command = [...inside(host.namespace), ...as(user), join(bin, 'postgres'), '-D', this.data];
    const logFile = join(folder, 'postgresql.log');
    const child = await startChild({ name: member, command, logFile, cwd: folder });
    await until(`${member} answers (see ${logFile})`, async () => {
      if (child.exited()) throw new Error(`${member} has ended`);
      await this.ask('select 1');
      return true;
    });
  }

  connect(): Promise<Client> {
    return connectTo(this.address);
  }

  /** The rows that answer one question, over a connection of its own. */
  ask(sql: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
    return askServer(this.address, sql, values);
  }

  /** Each write that is in the table, and how often. */
  contents(): Promise<Map<string, number>> {
    return contentsOf(this.address);
  }

  processes(): number[] {
    return processesIn(this.place.host.namespace, 'postgres');
  }

  private end(): Promise<void> {
    return endServer(this.member, this.place.host.namespace, this.data);
  }
}

async function connectTo(address: string): Promise<Client> {
  const client = new Client({
    ...{ host: address, port: databasePort, user: 'postgres', database: 'postgres' },
    ...{ connectionTimeoutMillis: 1_000, query_timeout: 5_000 },
  });
  // It is told by the query that fails.
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

/** The rows that answer one question to the server at an address, over a connection of its own. */
export async function askServer(
  address: string,
  sql: string,
  values: unknown[] = [],
): Promise<Record<string, unknown>[]> {
  const client = await connectTo(address);
  try {
    return (await client.query<Record<string, unknown>>(sql, values)).rows;
  } finally {
    await client.end();
  }
}

/** Each write that is in the table of a server, and how often. */
export async function contentsOf(address: string): Promise<Map<string, number>> {
  const rows = await askServer(address, 'select id, count(*)::int as times from writes group by id');
  return new Map(rows.map(({ id, times }) => [String(id), Number(times)]));
}

/** Ended without a checkpoint, whoever started it; shared memory that a killed one left goes too. */
export async function endServer(member: string, namespace: string, data: string): Promise<void> {
  const processes = () => processesIn(namespace, 'postgres');
  signalAll(processes(), 'SIGCONT');
  signalAll(processes(), 'SIGQUIT');
  await until(`${member} ends`, () => processes().length === 0);
  const segment = sharedMemoryOf(data);
  if (segment !== undefined) await run('ipcrm', '-m', segment);
}

/** The seventh line of postmaster.pid: key and id of a segment, for as long as nobody ended it in order. */
function sharedMemoryOf(data: string): string | undefined {
  try {
    const id = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[6]?.trim().split(/\s+/)[1];
    return id !== undefined && inKernel(id) ? id : undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const inKernel = (id: string): boolean =>
  readFileSync('/proc/sysvipc/shm', 'utf8')
    .split('\n')
    .some((line) => line.trim().split(/\s+/)[1] === id);
