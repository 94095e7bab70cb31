import { spawn, type ChildProcess } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { ObjectEntry } from '../../src/contract/objects';
import type { CapabilityOf, Host } from '../../src/drivers/host';
import { objects, type Bounds } from '../../src/drivers/load/objects';
import { cgroup } from '../../src/drivers/load/cgroup';
import { csv } from '../../src/drivers/load/csv';
import { exec } from '../../src/drivers/load/exec';
import { haproxy } from '../../src/drivers/load/haproxy';
import { kubernetes } from '../../src/drivers/load/kubernetes';
import type { LoadTables } from '../../src/drivers/load/object';
import { pgbouncer } from '../../src/drivers/load/pgbouncer';
import { postgres } from '../../src/drivers/load/postgres';
import { prometheus } from '../../src/drivers/load/prometheus';
import { webhook } from '../../src/drivers/load/webhook';
import { fleetOf, type Scene } from '../contract/agents';

export type Load = CapabilityOf<'load'>;

/** Objects as they stand in a fleet file; what every one needs and a test does not care for is filled in. */
export type Entries = Record<string, { series?: object; resize?: object; min?: number; max?: number }>;

const idle = { from: 'csv', file: '/nowhere.csv' };

export const tables: LoadTables = {
  sources: { csv: async () => csv, prometheus: async () => prometheus, postgres: async () => postgres },
  resizers: {
    ...{ exec: async () => exec, cgroup: async () => cgroup, pgbouncer: async () => pgbouncer },
    ...{ haproxy: async () => haproxy, kubernetes: async () => kubernetes, webhook: async () => webhook },
  },
};

const filled = (entries: Entries) =>
  Object.fromEntries(
    Object.entries(entries).map(([name, entry]) => [
      name,
      { host: 'a', series: idle, min: 1, max: 9, capacity: 1, ...entry },
    ]),
  );

/** The driver itself, on a host with these roots. */
export function bareLoad(roots: string[], entries: Entries, bounds: Bounds = {}): Load {
  const host: Pick<Host, 'name' | 'roots' | 'objects' | 'log'> = {
    name: 'a',
    roots,
    objects: Object.fromEntries(
      Object.entries(filled(entries)).map(([name, entry]) => [name, ObjectEntry.parse(entry)]),
    ),
    log: () => {},
  };
  return objects(host as Host, tables, bounds).driver;
}

/** The same through the HTTP of an agent. */
export async function agentLoad(scene: Scene, roots: string[], entries: Entries): Promise<Load> {
  const fleet = fleetOf({ a: 'http://127.0.0.1:0' }, { objects: filled(entries) });
  fleet.hosts['a']!.roots = roots;
  const drivers = { load: async (host: Host) => objects(host, tables) };
  const agent = await scene.agent({ fleet, drivers });
  return scene.client(agent.url).load;
}

/** A program of the machine in a folder of its own, ended with the scene. `user`: as somebody who is not root, where it demands that. */
export function startProgram(
  scene: Scene,
  [file = '', ...args]: string[],
  options: { uid?: number; gid?: number; cwd?: string; env?: NodeJS.ProcessEnv } = {},
): ChildProcess {
  const child = spawn(file, args, { stdio: 'ignore', ...options });
  scene.onEnd(() => ended(child));
  return child;
}

export async function ended(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const over = new Promise((resolve) => child.once('exit', resolve));
  child.kill(signal);
  await over;
}

export function folderIn(scene: Scene, name: string): string {
  const folder = join(scene.directory(), name);
  mkdirSync(folder);
  return folder;
}
