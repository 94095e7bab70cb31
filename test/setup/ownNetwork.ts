import { closeSync, openSync } from 'node:fs';
import koffi from 'koffi';
import { run } from '../../src/laboratory/run';
import type { Scene } from '../contract/agents';

const newNetwork = 0x4000_0000;

/**
 * Moves this process, and all that it starts, into a network namespace of its own: rules that a test makes are in no way of
 * anybody else's, and gone with it. It has no name, and ends with the scene or, at the latest, with the process.
 */
export async function enterOwnNetwork(scene: Scene): Promise<void> {
  const libc = koffi.load('libc.so.6');
  const unshare = libc.func('int unshare(int flags)') as (flags: number) => number;
  const setns = libc.func('int setns(int fd, int flags)') as (fd: number, flags: number) => number;
  const before = openSync('/proc/self/ns/net', 'r');
  if (unshare(newNetwork) !== 0) throw new Error(`no network namespace of its own: errno ${koffi.errno()}`);
  scene.onEnd(() => {
    const back = setns(before, newNetwork);
    closeSync(before);
    if (back !== 0) throw new Error(`not back in the first network namespace: errno ${koffi.errno()}`);
  });
  await run('ip', 'link', 'set', 'lo', 'up');
}
