import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { freePort } from '../../src/stack/ports';
import type { Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { ended, folderIn, startProgram } from './loadScene';

export const zone = 'example.org';

export interface KnotServer {
  port: number;
  /** What another client than ours sees: name, type and answers. */
  dig(name: string, type?: string): string[];
  stop(): Promise<void>;
}

/** A Knot DNS of its own on loopback. With a key, it takes updates from nobody else. */
export async function knotServer(
  scene: Scene,
  key?: { name: string; algorithm: string; secret: string },
): Promise<KnotServer> {
  const folder = folderIn(scene, 'knot');
  const port = await freePort();
  writeFileSync(
    join(folder, `${zone}.zone`),
    `@ 60 SOA ns.${zone}. admin.${zone}. 1 3600 600 86400 1
@ 60 NS ns
ns 60 A 127.0.0.1
`,
  );
  writeFileSync(
    join(folder, 'knot.conf'),
    `server:
  listen: 127.0.0.1@${port}
  rundir: ${folder}
  udp-workers: 1
  tcp-workers: 1
  background-workers: 1
database:
  storage: ${folder}
${key ? `key:\n  - id: ${key.name}\n    algorithm: ${key.algorithm}\n    secret: ${key.secret}\n` : ''}acl:
  - id: updates
    ${key ? `key: ${key.name}` : 'address: 127.0.0.1'}
    action: update
zone:
  - domain: ${zone}
    storage: ${folder}
    acl: updates
  - domain: example.net
    storage: ${folder}
    file: ${zone}.zone
`,
  );
  const child = startProgram(scene, ['/usr/sbin/knotd', '-c', join(folder, 'knot.conf')], { cwd: folder });
  const dig = (name: string, type = 'A') => {
    const question = ['@127.0.0.1', '-p', String(port), '+timeout=1', '+retry=0', '+noall', '+answer', name, type];
    const { stdout } = spawnSync('kdig', question, { encoding: 'utf8', timeout: 10_000 });
    return stdout.split('\n').flatMap((line) => {
      const words = line.trim().split(/\s+/);
      return words.length > 1 && !line.startsWith(';') ? [words.join(' ')] : [];
    });
  };
  await eventually(() => dig(`ns.${zone}`).length === 1);
  return { port, dig, stop: () => ended(child, 'SIGTERM') };
}
