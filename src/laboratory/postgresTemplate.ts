import { createHash } from 'node:crypto';
import { appendFileSync, chownSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { cacheDir } from '../stack/places';
import { answerOf, run } from './run';
import { as, type ServerUser } from './serverUser';

/**
 * What every member of a laboratory's cluster has in its postgresql.conf: the same for each, since a rewind copies the file
 * from the other. Each lies in a network namespace of its own, so that all may listen everywhere.
 */
const settings = `
listen_addresses = '*'
unix_socket_directories = ''
max_connections = 100
shared_buffers = 32MB
dynamic_shared_memory_type = mmap
wal_level = replica
wal_log_hints = on
wal_keep_size = 256MB
max_wal_size = 256MB
max_wal_senders = 10
max_replication_slots = 10
hot_standby = on
wal_retrieve_retry_interval = 100ms
log_line_prefix = '%m [%p] '
`;

const access = ['all all', 'replication all'].map((who) => `host ${who} 0.0.0.0/0 trust\n`).join('');

/** Any row is one write of a client; nothing keeps a row from being there twice, so that it would be seen. */
export const tables = [
  'create role replicator replication login',
  'create role app login',
  'create table writes (id text not null, at timestamptz not null default clock_timestamp())',
  'alter table writes owner to app',
];

/** A data directory that members are copied from: made once, and kept between laboratories, since initdb takes seconds. */
export async function postgresTemplate(bin: string, user: ServerUser, folder: string): Promise<string> {
  const version = await answerOf([join(bin, 'postgres'), '--version']);
  const digest = createHash('sha256').update(JSON.stringify([version, user.name, settings, access, tables]));
  const template = join(cacheDir(), 'laboratory', `postgresql-${digest.digest('hex').slice(0, 16)}`);
  if (!existsSync(template)) await make(template, bin, user, folder);
  return template;
}

/** Two that make it at once: the second finds it there, and throws its own away. */
async function make(template: string, bin: string, user: ServerUser, folder: string): Promise<void> {
  const parent = mkdtempSync(join(folder, 'template-'));
  const data = join(parent, 'data');
  chownSync(parent, user.uid, user.gid);
  await answerOf([...as(user), join(bin, 'initdb'), '-D', data, '-U', 'postgres', '-A', 'trust', '-N', '-E', 'UTF8']);
  appendFileSync(join(data, 'postgresql.conf'), settings);
  writeFileSync(join(data, 'pg_hba.conf'), access);
  await answerOf([...as(user), join(bin, 'postgres'), '--single', '-D', data, 'postgres'], `${tables.join('\n')}\n`);
  mkdirSync(join(template, '..'), { recursive: true });
  const beside = mkdtempSync(`${template}-`);
  try {
    await run('cp', '-a', `${data}/.`, beside);
    await rename(beside, template);
  } catch (error) {
    if (!existsSync(template)) throw error;
  } finally {
    rmSync(beside, { recursive: true, force: true });
    rmSync(parent, { recursive: true, force: true });
  }
}
