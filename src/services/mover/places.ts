import { readlinkSync, realpathSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import { Refusal } from '../../contract/errors';
import {
  AT,
  E,
  O,
  RESOLVE,
  SystemError,
  close,
  cString,
  errno,
  fchmodat,
  must,
  openat,
  openat2,
  setErrno,
} from './sys';
import { Stat } from './stat';

const LONGEST = 4000; // bytes of a path that one call takes, below PATH_MAX
const BENEATH = RESOLVE.BENEATH | RESOLVE.NO_SYMLINKS | RESOLVE.NO_MAGICLINKS;

/** Opens the directory of a store, which must really lie inside one of the host's roots. It is never made here: a file system that is not mounted must not be filled up below. */
export function openRoot(root: string, roots: readonly string[], host: string): number {
  const wanted = resolve(root);
  const real = realOf(wanted, host);
  if (!roots.some((allowed) => real === allowed || real.startsWith(allowed.endsWith(sep) ? allowed : allowed + sep))) {
    throw new Refusal('OutsideRoots', { path: root, host });
  }
  const fd = openat(
    AT.FDCWD,
    Buffer.concat([Buffer.from(real), Buffer.of(0)]),
    O.RDONLY | O.DIRECTORY | O.NOFOLLOW | O.CLOEXEC,
    0,
  );
  if (fd < 0) throw openFailed(errno(), root, host);
  if (readlinkSync(`/proc/self/fd/${fd}`) !== real) {
    close(fd);
    throw new Refusal('OutsideRoots', { path: root, host }); // a symlink took its place between the two looks
  }
  return fd;
}

function realOf(path: string, host: string): string {
  try {
    return realpathSync(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new Refusal('NotFound', { what: path, host }, { cause });
    throw new Refusal('NotPermitted', { what: path, why: (cause as NodeJS.ErrnoException).code ?? 'no' }, { cause });
  }
}

function openFailed(code: number, root: string, host: string): Refusal {
  const cause = new SystemError(code, root);
  if (code === E.ENOENT) return new Refusal('NotFound', { what: root, host }, { cause });
  return new Refusal('NotPermitted', { what: root, why: cause.message }, { cause });
}

/** Opens a directory below `root` without following any symlink, however long its path. Negative on failure: see errno. */
export function openBeneath(root: number, path: Buffer, flags: number = O.RDONLY | O.DIRECTORY): number {
  if (path.length <= LONGEST) {
    return openat2(
      root,
      Buffer.concat([path.length === 0 ? Buffer.from('.') : path, Buffer.of(0)]),
      flags | O.CLOEXEC | O.NOFOLLOW,
      BENEATH,
    );
  }
  const cut = path.lastIndexOf(0x2f, LONGEST);
  const step = openBeneath(root, path.subarray(0, cut), O.PATH | O.DIRECTORY);
  if (step < 0) return step;
  const fd = openBeneath(step, path.subarray(cut + 1), flags);
  const code = fd < 0 ? errno() : 0;
  close(step);
  if (fd < 0) setErrno(code);
  return fd;
}

/** Without root: opens one component after the other and makes each directory of ours passable that its mode closes. */
export function openMending(root: number, path: Buffer): number {
  let fd = must(openat(root, cString('.'), O.PATH | O.DIRECTORY | O.CLOEXEC, 0), 'open');
  const names = splitAll(path);
  for (const [i, name] of names.entries()) {
    const next = openat(fd, Buffer.concat([name, Buffer.of(0)]), O.PATH | O.DIRECTORY | O.NOFOLLOW | O.CLOEXEC, 0);
    close(fd);
    if (next < 0) return next;
    mend(next, i === names.length - 1 ? 0o700 : 0o100);
    fd = next;
  }
  const real = openat(fd, cString('.'), O.RDONLY | O.DIRECTORY | O.CLOEXEC, 0);
  close(fd);
  return real;
}

const looked = new Stat();
function mend(fd: number, needed: number): void {
  if (looked.of(fd) === 0 && (looked.mode & needed) !== needed) {
    fchmodat(AT.FDCWD, cString(`/proc/self/fd/${fd}`), looked.mode | 0o700, 0);
  }
}

function splitAll(path: Buffer): Buffer[] {
  const parts: Buffer[] = [];
  for (let from = 0; from < path.length;) {
    const at = path.indexOf(0x2f, from);
    const end = at < 0 ? path.length : at;
    parts.push(path.subarray(from, end));
    from = end + 1;
  }
  return parts;
}
