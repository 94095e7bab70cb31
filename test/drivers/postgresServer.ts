import { execFileSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Client } from 'pg';
import { freePort } from '../../src/stack/ports';
import { postgresBin } from '../../src/stack/machine';
import { eventually } from '../setup/eventually';
import type { Scene } from '../contract/agents';
import { lesserUser } from './lesserUser';
import { ended, folderIn, startProgram } from './loadScene';

export interface PostgresServer {
  port: number;
  /** A file that holds the password of `evenkeel`, its superuser. */
  passwordFile: string;
  connect(): Promise<Client>;
  stop: () => Promise<void>;
  start: () => Promise<void>;
}

const password = 'a-password-of-this-test';

/** A PostgreSQL of its own, on loopback, with a password. */
export async function postgresServer(scene: Scene): Promise<PostgresServer> {
  const folder = folderIn(scene, 'postgres');
  const user = lesserUser(folder);
  const bin = postgresBin() ?? '';
  const data = join(folder, 'data');
  const passwordFile = join(folder, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  const readable = join(folder, 'initial');
  writeFileSync(readable, password, { mode: 0o644 });
  const args = ['-D', data, '-U', 'evenkeel', '-A', 'scram-sha-256', `--pwfile=${readable}`, '-N', '-E', 'UTF8'];
  execFileSync(join(bin, 'initdb'), args, { stdio: 'ignore', cwd: folder, ...user });
  rmSync(readable);
  const port = await freePort();
  const settings = { port, listen_addresses: '127.0.0.1', unix_socket_directories: folder, fsync: 'off' };
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const connect = async () => {
    const client = new Client({ host: '127.0.0.1', port, user: 'evenkeel', database: 'postgres', password });
    await client.connect();
    return client;
  };
  const start = async () => {
    const child = startProgram(scene, [join(bin, 'postgres'), '-D', data, ...flags], { cwd: folder, ...user });
    await eventually(async () => (await connect()).end().then(() => true));
    return child;
  };
  let child = await start();
  return {
    port,
    passwordFile,
    connect,
    stop: () => ended(child, 'SIGINT'),
    start: async () => void (child = await start()),
  };
}
