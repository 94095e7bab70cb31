import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startChild, stopChild } from '../../src/stack/children';
import { freePort, listens } from '../../src/stack/ports';
import { childrenOf, cpuOfEndedChildren, cpuOfTree } from '../../src/laboratory/processTree';
import type { Endings } from '../../src/laboratory/endings';
import { run } from '../../src/laboratory/run';
import { lacking } from '../../src/stack/packages';
import type { Copier } from './copiers';

/** A peer, or why it cannot be measured here. */
export type Peer = Copier | { name: string; why: string };

type Words = (source: string, target: string, again: boolean) => string[];

const command = (name: string, words: Words): Copier => ({
  name,
  cpu: cpuOfEndedChildren,
  async copy(source, target, { again = false, durable = false } = {}) {
    const [program = '', ...args] = words(source, target, again);
    await run(program, ...args);
    if (durable) await run('sync', '-f', target);
  },
});

const cp = command('cp -a', (source, target, again) => ['cp', again ? '-au' : '-a', `${source}/.`, target]);
const rsync = command('rsync -a', (source, target) => ['rsync', '-a', `${source}/`, `${target}/`]);
const rclone = command('rclone copy', (source, target) => [
  ...['rclone', '--config', '/dev/null', '--quiet', 'copy', '--metadata', '--links'],
  ...[source, target],
]);

/** Syncs each file as it is closed. */
export const rsyncFsync = command('rsync -a --fsync', (source, target) => [
  ...['rsync', '-a', '--fsync', `${source}/`, `${target}/`],
]);
/** Syncs the file system once, at the end: what ours does. */
export const rsyncThenSync: Copier = {
  ...rsync,
  name: 'rsync -a; sync -f',
  copy: (source, target) => rsync.copy(source, target, { durable: true }),
};

/** Every peer of an ingestion, with a daemon of rsync that takes files below `targetDisk`. */
export async function startPeers(
  endings: Endings,
  folder: string,
  targetDisk: string,
  say: (line: string) => void,
): Promise<Peer[]> {
  const [noRsync, noRclone] = [lacking('rsync', say), lacking('rclone', say)];
  const absent = (name: string, why: string): Peer => ({ name, why });
  return [
    noRsync === undefined ? rsync : absent(rsync.name, noRsync),
    noRsync === undefined ? await startDaemon(endings, folder, targetDisk) : absent(daemonName, noRsync),
    noRclone === undefined ? rclone : absent(rclone.name, noRclone),
    cp,
  ];
}

const daemonName = 'rsync -a to daemon';

async function startDaemon(endings: Endings, folder: string, targetDisk: string): Promise<Copier> {
  const port = await freePort();
  const config = join(folder, 'rsyncd.conf');
  writeFileSync(config, daemonConfig(targetDisk, port));
  const child = await startChild({
    name: 'rsync daemon',
    command: ['rsync', '--daemon', '--no-detach', `--config=${config}`],
    logFile: join(folder, 'rsyncd.log'),
    diesWithUs: true,
  });
  endings.add(() => stopChild(child));
  const answers = await listens({ port }, { timeoutMs: 10_000, gaveUp: () => child.exited() });
  if (!answers) throw new Error('the rsync daemon did not start');
  return {
    name: daemonName,
    cpu: () => cpuOfEndedChildren() + cpuOfTree(child.pid),
    async copy(source, target) {
      const path = `rsync://127.0.0.1:${port}/target/${relative(targetDisk, target)}/`;
      await run('rsync', '-a', `${source}/`, path);
      for (let waits = 0; childrenOf(child.pid).length > 0 && waits < 1_000; waits++) await pause(1);
    },
  };
}

function daemonConfig(path: string, port: number): string {
  const asRoot = process.getuid?.() === 0 ? ['uid = root', 'gid = root'] : [];
  return [
    ...[`port = ${port}`, 'address = 127.0.0.1', 'use chroot = no', 'reverse lookup = no', ...asRoot],
    ...['[target]', `path = ${path}`, 'read only = no'],
  ].join('\n');
}
