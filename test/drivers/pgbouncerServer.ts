import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../../src/stack/ports';
import type { Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { lesserUser, type LesserUser } from './lesserUser';
import { folderIn, startProgram } from './loadScene';

/** Of `evenkeel`, at PostgreSQL and at pgbouncer alike. */
export const password = 'a-password-of-this-test';

export interface Pgbouncer {
  port: number;
  passwordFile: string;
  /** Runs it in the foreground, as `user`. */
  command: string[];
  folder: string;
  user: LesserUser;
  console: (sql: string) => Promise<Record<string, unknown>[]>;
}

export interface PgbouncerOptions {
  name?: string;
  /** The port of the PostgreSQL behind it; left out, nothing is. */
  before?: number;
  /** More lines of its settings, of which some name files in its folder. */
  more?: (folder: string) => Record<string, string | number>;
}

/** All that a pgbouncer needs to be started. `small` is a database with a pool size of its own. */
export async function pgbouncerFiles(
  scene: Scene,
  { name = 'pgbouncer', before = 1, more = () => ({}) }: PgbouncerOptions = {},
): Promise<Pgbouncer> {
  const folder = folderIn(scene, name);
  const user = lesserUser(folder);
  const port = await freePort();
  const passwordFile = join(scene.directory(), 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  writeFileSync(join(folder, 'users'), `"evenkeel" "${password}"\n`);
  const ini = `[databases]
orders = host=127.0.0.1 port=${before} dbname=postgres
small = host=127.0.0.1 port=${before} dbname=postgres pool_size=1
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = scram-sha-256
auth_file = ${join(folder, 'users')}
admin_users = evenkeel
pool_mode = transaction
default_pool_size = 3
${Object.entries(more(folder))
  .map(([key, value]) => `${key} = ${value}\n`)
  .join('')}`;
  writeFileSync(join(folder, 'pgbouncer.ini'), ini);
  const console = async (sql: string) => {
    const client = new Client({ host: '127.0.0.1', port, user: 'evenkeel', database: 'pgbouncer', password });
    await client.connect();
    try {
      return (await client.query<Record<string, unknown>>(sql)).rows;
    } finally {
      await client.end();
    }
  };
  const command = ['/usr/sbin/pgbouncer', '-q', join(folder, 'pgbouncer.ini')];
  return { port, passwordFile, command, folder, user, console };
}

/** The same, and it runs. */
export async function pgbouncer(scene: Scene, before = 1): Promise<Pgbouncer> {
  const bouncer = await pgbouncerFiles(scene, { before });
  startProgram(scene, bouncer.command, { cwd: bouncer.folder, ...bouncer.user });
  await eventually(() => bouncer.console('SHOW VERSION'));
  return bouncer;
}
