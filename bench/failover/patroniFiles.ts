import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { databasePort } from '../../src/laboratory/database';
import type { Network } from '../../src/laboratory/network';
import type { ServerUser } from '../../src/laboratory/serverUser';

/** How Patroni and the HAProxy before it are set; seconds, and HAProxy's own words. */
export interface PatroniTerms {
  name: string;
  ttl: number;
  loopWait: number;
  retryTimeout: number;
  haproxy: { inter: string; fall: number; rise: number; check: string };
  /** Whoever has not come back by then does not, ms. */
  windowMs: number;
}

export interface PatroniGround {
  network: Network;
  folder: string;
  bin: string;
  user: ServerUser;
  terms: PatroniTerms;
}

export const apiPort = 8008;
export const etcdPort = 2379;
export const dataOf = ({ folder }: PatroniGround, member: string): string => join(folder, member, 'data');

/** Synchronous as ours is, with the settings of PostgreSQL that ours has; everything else as Patroni has it by default. */
export function writePatroni(ground: PatroniGround, member: string): string {
  const { network, folder, bin, user, terms } = ground;
  const { address } = network.host(member);
  const place = join(folder, member);
  mkdirSync(place, { recursive: true });
  chownSync(place, user.uid, user.gid);
  const file = join(place, 'patroni.yml');
  const configuration = {
    scope: 'orders',
    name: member,
    restapi: { listen: `${address}:${apiPort}`, connect_address: `${address}:${apiPort}` },
    etcd3: { hosts: `${network.host('et').address}:${etcdPort}` },
    bootstrap: {
      dcs: {
        ...{ ttl: terms.ttl, loop_wait: terms.loopWait, retry_timeout: terms.retryTimeout },
        ...{ maximum_lag_on_failover: 1_048_576, synchronous_mode: true },
        postgresql: {
          ...{ use_pg_rewind: true, use_slots: true },
          parameters: { wal_retrieve_retry_interval: '100ms', max_connections: 100, wal_log_hints: 'on' },
        },
      },
      initdb: [{ auth: 'trust' }, { encoding: 'UTF8' }, { username: 'postgres' }],
      pg_hba: ['host all all 0.0.0.0/0 trust', 'host replication all 0.0.0.0/0 trust'],
    },
    postgresql: {
      ...{ listen: `${address}:${databasePort}`, connect_address: `${address}:${databasePort}` },
      ...{ data_dir: dataOf(ground, member), bin_dir: bin, pgpass: join(place, 'pgpass') },
      authentication: {
        superuser: { username: 'postgres', password: 'none' },
        replication: { username: 'replicator', password: 'none' },
      },
      parameters: { unix_socket_directories: place, shared_buffers: '32MB', dynamic_shared_memory_type: 'mmap' },
    },
    watchdog: { mode: 'off' },
  };
  writeFileSync(file, stringify(configuration));
  return file;
}

/** As Patroni's own sample has it, for the port that the clients of ours use too. */
export function writeHaproxy(ground: PatroniGround, forwarder: string, members: readonly string[]): string {
  const { network, folder, terms } = ground;
  const { inter, fall, rise, check } = terms.haproxy;
  const servers = members.map(
    (member) =>
      `  server ${member} ${network.host(member).address}:${databasePort} maxconn 100 check port ${apiPort}\n`,
  );
  const file = join(folder, `haproxy-${forwarder}.cfg`);
  writeFileSync(
    file,
    `global
  maxconn 100
defaults
  log global
  mode tcp
  retries 2
  timeout client 30m
  timeout connect 4s
  timeout server 30m
  timeout check ${check}
listen postgres
  bind *:${databasePort}
  option httpchk OPTIONS /primary
  http-check expect status 200
  default-server inter ${inter} fall ${fall} rise ${rise} on-marked-down shutdown-sessions
${servers.join('')}`,
  );
  return file;
}
