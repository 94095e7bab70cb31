import { execFile } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { sep } from 'node:path';
import { promisify } from 'node:util';
import type { FreezeBy, Store } from '../../contract/capabilities/files';
import { Refusal } from '../../contract/errors';
import type { Host } from '../host';

const run = promisify(execFile);
const DEADLINE_MS = 30_000;

interface Frozen {
  frozen: boolean;
  how: string;
}

/** Keeps a store from changing, as its owner wants it done. Asked twice, it is done once. */
export async function freeze(host: Host, store: Store, by: FreezeBy): Promise<Frozen> {
  const root = confined(host, store);
  switch (by.how) {
    case 'watch':
      return { frozen: false, how: 'nothing is blocked: the last pass proves that nothing changed' };
    case 'exec':
      await command(host, by.freeze);
      return { frozen: true, how: by.freeze.join(' ') };
    case 'remount':
      return mountReadOnly(host, root);
    default:
      return by satisfies never;
  }
}

async function mountReadOnly(host: Host, root: string): Promise<Frozen> {
  needsRoot();
  if (!isReadOnlyMount(root)) {
    if (!isMount(root)) await command(host, ['mount', '--bind', root, root]);
    await command(host, ['mount', '-o', 'remount,bind,ro', root]);
  }
  return { frozen: isReadOnlyMount(root), how: `${root} is mounted read-only over itself` };
}

export async function thaw(host: Host, store: Store, by: FreezeBy): Promise<Frozen> {
  const root = confined(host, store);
  switch (by.how) {
    case 'watch':
      return { frozen: false, how: 'nothing was blocked' };
    case 'exec':
      await command(host, by.thaw);
      return { frozen: false, how: by.thaw.join(' ') };
    case 'remount':
      needsRoot();
      if (isReadOnlyMount(root)) await unmount(host, root);
      return { frozen: isReadOnlyMount(root), how: `${root} can be written again` };
    default:
      return by satisfies never;
  }
}

/** Ours is a bind mount of a directory on itself. A mount of its own only becomes writable again. */
async function unmount(host: Host, root: string): Promise<void> {
  if (isOurs(root)) await command(host, ['umount', '--lazy', root]);
  else await command(host, ['mount', '-o', 'remount,bind,rw', root]);
}

function confined({ roots, name }: Host, { root }: Store): string {
  let real: string;
  try {
    real = realpathSync(root);
  } catch (cause) {
    throw new Refusal('NotFound', { what: root, host: name }, { cause });
  }
  if (roots.some((allowed) => real === allowed || real.startsWith(allowed === sep ? sep : allowed + sep))) return real;
  throw new Refusal('OutsideRoots', { path: root, host: name });
}

function needsRoot(): void {
  if (process.geteuid?.() !== 0) throw new Refusal('NotPermitted', { what: 'remount', why: 'mounting needs root' });
}

async function command(host: Host, [file, ...rest]: string[]): Promise<void> {
  try {
    await run(file ?? '', rest, { timeout: DEADLINE_MS, killSignal: 'SIGKILL' });
  } catch (cause) {
    const { stderr = '', code, killed } = cause as { stderr?: string; code?: number | string; killed?: boolean };
    const ended = killed ? `it did not end within ${DEADLINE_MS / 1000} s` : `it ended with ${code}`;
    const why = stderr.trim().split('\n').at(-1) || ended;
    throw new Refusal('NotPermitted', { what: `\`${[file, ...rest].join(' ')}\` on ${host.name}`, why }, { cause });
  }
}

/** Mounts at this very path, the uppermost last: [directory inside its file system, options]. */
function mountsAt(path: string): { inside: string; options: string[] }[] {
  const plain = (text: string) =>
    text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => plain(fields[4] ?? '') === path)
    .map((fields) => ({ inside: plain(fields[3] ?? ''), options: (fields[5] ?? '').split(',') }));
}
const isMount = (path: string): boolean => mountsAt(path).length > 0;
const isReadOnlyMount = (path: string): boolean => mountsAt(path).at(-1)?.options.includes('ro') === true;
const isOurs = (path: string): boolean => mountsAt(path).at(-1)?.inside !== '/';
