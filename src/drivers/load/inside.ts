import { realpathSync } from 'node:fs';
import { open, readlink, type FileHandle } from 'node:fs/promises';
import { constants } from 'node:fs';
import { sep } from 'node:path';
import { Refusal } from '../../contract/errors';
import type { Host } from '../host';

/** The real path of something below the host's roots. */
export function inside(host: Host, path: string): string {
  try {
    return allowed(host, realpathSync(path));
  } catch (cause) {
    throw asRefusal(host, path, cause);
  }
}

/** Opens a regular file below the host's roots. What was opened is looked at, not what the path may have become meanwhile. */
export async function openInside(host: Host, path: string): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK); // a FIFO would be waited for
    allowed(host, await readlink(`/proc/self/fd/${file.fd}`));
    if (!(await file.stat()).isFile()) throw new Refusal('NotPermitted', { what: path, why: 'it is no regular file' });
    return file;
  } catch (cause) {
    await file?.close();
    throw asRefusal(host, path, cause);
  }
}

function allowed({ roots, name }: Host, real: string): string {
  if (roots.some((root) => real === root || real.startsWith(root === sep ? sep : root + sep))) return real;
  throw new Refusal('OutsideRoots', { path: real, host: name });
}

function asRefusal(host: Host, path: string, cause: unknown): Error {
  if (cause instanceof Refusal) return cause;
  const { code = String(cause) } = cause as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR'
    ? new Refusal('NotFound', { what: path, host: host.name }, { cause })
    : new Refusal('NotPermitted', { what: path, why: code }, { cause });
}
