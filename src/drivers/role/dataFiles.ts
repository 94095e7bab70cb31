import {
  closeSync,
  existsSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/**
 * Replaces a file in a data directory, as its owner's and for its owner alone. The owner may have put a link there: a new
 * file is made beside it, which follows none.
 */
export function replaceIn(data: string, name: string, text: string | Uint8Array): void {
  const { uid, gid } = statSync(data);
  const path = join(data, name);
  const fresh = `${path}.evenkeel`;
  rmSync(fresh, { force: true });
  const fd = openSync(fresh, 'wx', 0o600);
  try {
    if (process.geteuid?.() === 0) fchownSync(fd, uid, gid);
    writeFileSync(fd, text);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(fresh, path);
  syncFolder(dirname(path));
}

export function removeFrom(data: string, name: string): void {
  rmSync(join(data, name), { force: true });
  syncFolder(data);
}

/** Only with it does a server that is started become a standby. */
export const isStandby = (data: string): boolean => existsSync(join(data, 'standby.signal'));

/** Sets settings of a server that is down, as ALTER SYSTEM does when it runs: the last line of a name holds. */
export function setWhileDown(data: string, settings: Record<string, string>): void {
  const file = 'postgresql.auto.conf';
  const kept = (readIn(data, file) ?? '')
    .split('\n')
    .filter((line) => line.trim() !== '' && !Object.hasOwn(settings, /^\s*(\w+)/.exec(line)?.[1]?.toLowerCase() ?? ''));
  const added = Object.entries(settings).map(([name, value]) => `${name} = ${quoted(value)}`);
  replaceIn(data, file, `${[...kept, ...added].join('\n')}\n`);
}

export function readIn(data: string, name: string): string | undefined {
  try {
    return readFileSync(join(data, name), 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

const quoted = (value: string): string => `'${value.replaceAll('\\', '\\\\').replaceAll("'", "''")}'`;

function syncFolder(folder: string): void {
  const fd = openSync(folder, 'r');
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}
