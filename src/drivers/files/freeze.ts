import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, readlinkSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join, sep } from 'node:path';
import { isDeepStrictEqual, promisify } from 'node:util';
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
      refuseForeign(host, root, by);
      await command(host, by.freeze);
      return { frozen: true, how: by.freeze.join(' ') };
    case 'remount':
      return mountReadOnly(host, root);
    default:
      return by satisfies never;
  }
}

/** A caller never brings commands of its own: they are those of this host's own fleet file. */
function refuseForeign(host: Host, root: string, by: FreezeBy): void {
  const ours = host.freezes.some((known) => known.root === root && isDeepStrictEqual(known.by, by));
  if (!ours)
    throw new Refusal('NotPermitted', {
      what: `freeze of ${root}`,
      why: `the fleet file of ${host.name} names no such command for it`,
    });
}

async function mountReadOnly(host: Host, root: string): Promise<Frozen> {
  needsRoot();
  refuseHidden(root);
  if (!isReadOnlyMount(root)) {
    remember(host, root, isMount(root) ? 'remounted' : 'bound');
    if (!isMount(root)) await command(host, ['mount', '--bind', root, root]);
    await command(host, ['mount', '-o', 'remount,bind,ro', root]);
  }
  return { frozen: isReadOnlyMount(root), how: `${root} is mounted read-only` };
}

/** What is mounted below would vanish behind the bind mount, or stay writable; another namespace would not see it at all. */
function refuseHidden(root: string): void {
  const below = mounts().find(({ path }) => path.startsWith(`${root}/`));
  if (below)
    throw new Refusal('NotPermitted', {
      what: 'remount',
      why: `${below.path} is a mount of its own below ${root}; use \`how: exec\``,
    });
  if (namespaceOf('self') !== (namespaceOf('1') ?? namespaceOf('self')))
    throw new Refusal('NotPermitted', {
      what: 'remount',
      why: 'the agent lives in a mount namespace of its own, and its mounts are seen by nobody else',
    });
}

export async function thaw(host: Host, store: Store, by: FreezeBy): Promise<Frozen> {
  const root = confined(host, store);
  switch (by.how) {
    case 'watch':
      return { frozen: false, how: 'nothing was blocked' };
    case 'exec':
      refuseForeign(host, root, by);
      await command(host, by.thaw);
      return { frozen: false, how: by.thaw.join(' ') };
    case 'remount':
      needsRoot();
      await undoMount(host, root);
      return { frozen: isReadOnlyMount(root), how: `${root} is as it was before the freeze` };
    default:
      return by satisfies never;
  }
}

/** Only what a freeze of ours did is undone: a mount of the host's owner stays as it is. */
async function undoMount(host: Host, root: string): Promise<void> {
  const did = remembered(host, root);
  if (did === 'bound' && isMount(root)) await command(host, ['umount', '--lazy', root]);
  if (did === 'remounted' && isReadOnlyMount(root)) await command(host, ['mount', '-o', 'remount,bind,rw', root]);
  rmSync(noteOf(host, root), { force: true });
}

/** Undefined where nobody may look: then there is nothing to compare. */
function namespaceOf(process: string): string | undefined {
  try {
    return readlinkSync(`/proc/${process}/ns/mnt`);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EACCES') return undefined;
    throw error;
  }
}

/** Kept on disk before the act: an agent that restarts still knows what it did. */
const noteOf = ({ stateDir }: Host, root: string): string =>
  join(stateDir, 'frozen', createHash('sha256').update(root).digest('hex').slice(0, 32));

function remember(host: Host, root: string, did: 'bound' | 'remounted'): void {
  mkdirSync(join(host.stateDir, 'frozen'), { recursive: true });
  writeFileSync(noteOf(host, root), did, { flush: true });
}

function remembered(host: Host, root: string): string | undefined {
  try {
    return readFileSync(noteOf(host, root), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
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

/** All mounts that this process sees, the later ones on top of the earlier. */
function mounts(): { path: string; options: string[] }[] {
  const plain = (text: string) =>
    text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .map((fields) => ({ path: plain(fields[4] ?? ''), options: (fields[5] ?? '').split(',') }));
}
const mountsAt = (path: string) => mounts().filter((mount) => mount.path === path);
const isMount = (path: string): boolean => mountsAt(path).length > 0;
const isReadOnlyMount = (path: string): boolean => mountsAt(path).at(-1)?.options.includes('ro') === true;
