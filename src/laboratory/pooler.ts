import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onPath } from '../stack/programs';
import type { ServerUser } from './serverUser';

export const poolerPort = 6432;

/** Writes the configuration of a pgbouncer, and answers with the command that runs it in the foreground. */
export function poolerCommand(folder: string, user: ServerUser, server: string, port: number): string[] {
  mkdirSync(folder, { recursive: true });
  chownSync(folder, user.uid, user.gid);
  const users = join(folder, 'users.txt');
  const file = join(folder, 'pgbouncer.ini');
  writeFileSync(users, ['postgres', 'app'].map((name) => `"${name}" ""\n`).join(''));
  writeFileSync(
    file,
    `[databases]
postgres = host=${server} port=${port} dbname=postgres
[pgbouncer]
listen_addr = *
listen_port = ${poolerPort}
unix_socket_dir =
auth_type = trust
auth_file = ${users}
admin_users = postgres
pool_mode = transaction
default_pool_size = 20
max_client_conn = 500
server_login_retry = 1
server_connect_timeout = 2
ignore_startup_parameters = extra_float_digits
logfile = ${join(folder, 'pgbouncer.log')}
`,
  );
  const program = onPath('pgbouncer', { PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` }) ?? 'pgbouncer';
  return [program, '-q', file];
}
