import { execFileSync } from 'node:child_process';
import {
  appendFileSync,
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { kill, processesOf } from '../../src/drivers/role/processes';
import { postgresBin } from '../../src/stack/machine';
import { freePort } from '../../src/stack/ports';
import { eventually } from '../setup/eventually';
import type { Scene } from '../contract/agents';
import { lesserUser, type LesserUser } from './lesserUser';
import { folderIn } from './loadScene';

export interface PairMember {
  name: string;
  address: string;
  port: number;
  data: string;
  connect(): Promise<Client>;
  /** One statement, over a connection of its own. */
  query(text: string): Promise<Record<string, unknown>[]>;
  /** Starts it as a person would, and says nothing when that does not work. */
  start(): void;
  /** Its processes, as the kernel knows them. */
  pids(): number[];
  /** As it stands in a fleet file. */
  entry: object;
}

export interface PostgresPair {
  /** Holds both data directories. */
  folder: string;
  passwordFile: string;
  members: Record<string, PairMember>;
  /** Its superuser. */
  user: string;
}

export interface PairOptions {
  /** Host of each member; the first is the primary at the start. */
  addresses?: Record<string, string>;
  port?: number;
  settings?: Record<string, string>;
}

const [user, password] = ['evenkeel', "a word: with 'quotes' \\ of this test"];

/** Two servers of PostgreSQL with a password, as an unprivileged user: the second streams from the first. */
export async function postgresPair(scene: Scene, options: PairOptions = {}): Promise<PostgresPair> {
  const { addresses = { p1: '127.0.0.2', p2: '127.0.0.3' } } = options;
  const folder = folderIn(scene, 'pair');
  const owner = lesserUser(folder);
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (owner.uid !== undefined) chownSync(passwordFile, owner.uid, owner.gid ?? 0);
  const port = options.port ?? (await freePort());
  const settings = { ...standard, ...options.settings };
  const members: Record<string, PairMember> = {};
  for (const [name, address] of Object.entries(addresses)) {
    const data = join(folder, name);
    const first = Object.values(members)[0];
    const member = memberOf({ name, address, port, data, owner, passwordFile, folder });
    scene.onEnd(() => {
      for (const pid of processesOf(data)) kill(pid, 'SIGKILL');
      return eventually(() => processesOf(data).length === 0);
    });
    if (!first) initialize(folder, data, owner);
    else copyOf(first, member, folder, owner);
    const own = { ...settings, port: String(port), listen_addresses: address };
    const lines = Object.entries(own).map(([key, value]) => `${key} = '${value}'\n`);
    appendFileSync(join(data, 'postgresql.conf'), lines.join(''));
    if (first) moveOut(folder, name, data);
    member.start();
    await eventually(async () => (await member.connect()).end().then(() => true));
    members[name] = member;
  }
  const [first] = Object.values(members);
  const standbys = Object.keys(members).length - 1;
  const streaming = "select 1 from pg_stat_replication where state = 'streaming'";
  await eventually(async () => (await first!.query(streaming)).length === standbys);
  return { folder, passwordFile, members, user };
}

/** The configuration of a standby lies outside of its data directory, as Debian has it; that of the first one inside, as others do. */
function moveOut(folder: string, name: string, data: string): void {
  const outside = join(folder, `${name}.conf`);
  renameSync(join(data, 'postgresql.conf'), outside);
  const files = { hba_file: join(data, 'pg_hba.conf'), ident_file: join(data, 'pg_ident.conf') };
  for (const [key, value] of Object.entries(files)) appendFileSync(outside, `${key} = '${value}'\n`);
}

const standard: Record<string, string> = {
  ...{
    unix_socket_directories: '',
    fsync: 'off',
    shared_buffers: '16MB',
    max_connections: '30',
    max_wal_size: '256MB',
  },
  ...{ wal_log_hints: 'on', wal_keep_size: '128MB', wal_retrieve_retry_interval: '100ms', logging_collector: 'off' },
};

function initialize(folder: string, data: string, owner: LesserUser): void {
  const readable = join(folder, 'initial');
  writeFileSync(readable, password, { mode: 0o644 });
  program(folder, owner, 'initdb', [
    '-D',
    data,
    '-U',
    user,
    '-A',
    'scram-sha-256',
    `--pwfile=${readable}`,
    '-N',
    '-E',
    'UTF8',
  ]);
  rmSync(readable);
}

function copyOf(from: PairMember, to: PairMember, folder: string, owner: LesserUser): void {
  mkdirSync(to.data, { mode: 0o700 });
  chmodSync(to.data, 0o700);
  if (owner.uid !== undefined) chownSync(to.data, owner.uid, owner.gid ?? 0);
  const source = `host=${from.address} port=${from.port} user=${user} application_name=${to.name}`;
  const args = ['-D', to.data, '-d', source, '-X', 'stream', '-c', 'fast', '-R', '-N'];
  program(folder, owner, 'pg_basebackup', args, { PGPASSWORD: password });
}

function program(
  folder: string,
  owner: LesserUser,
  name: string,
  args: string[],
  env: Record<string, string> = {},
): void {
  execFileSync(join(postgresBin() ?? '', name), args, {
    ...{ stdio: 'ignore', cwd: folder, timeout: 60_000, env: { ...process.env, ...env } },
    ...owner,
  });
}

interface Made {
  name: string;
  address: string;
  port: number;
  data: string;
  owner: LesserUser;
  passwordFile: string;
  folder: string;
}

function memberOf({ name, address, port, data, owner, passwordFile, folder }: Made): PairMember {
  const connect = async () => {
    const client = new Client({
      host: address,
      port,
      user,
      database: 'postgres',
      password,
      connectionTimeoutMillis: 2_000,
    });
    client.on('error', () => {}); // servers are killed here; whoever asks gets the error
    await client.connect();
    return client;
  };
  return {
    ...{ name, address, port, data, connect },
    query: async (text) => {
      const client = await connect();
      try {
        return (await client.query<Record<string, unknown>>(text)).rows;
      } finally {
        await client.end();
      }
    },
    start: () => {
      if (processesOf(data).length === 0) rmSync(join(data, 'postmaster.pid'), { force: true }); // of a killed one
      const outside = `${data}.conf`;
      const elsewhere = existsSync(outside) ? ['-o', `-c config_file=${outside}`] : [];
      program(folder, owner, 'pg_ctl', ['start', '-D', data, '-w', '-s', '-l', `${data}.log`, ...elsewhere]);
    },
    pids: () => processesOf(data),
    entry: { host: name, address, port, data, user, password: { file: passwordFile } },
  };
}
