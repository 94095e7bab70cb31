import { readNames } from './dents';
import { openBeneath, openMending } from './places';
import { AT, E, O, SystemError, close, errno, fchmod, must, unlinkat } from './sys';
import { join, split, terminated } from './names';

/** Removes whatever has that name in `dir`, with all that is in it. A name that is not there is fine. Answers how many entries went. */
export function remove(dir: number, name: Buffer): number {
  if (unlinkat(dir, terminated(name), 0) === 0) return 1;
  const code = errno();
  if (code === E.ENOENT) return 0;
  if (code !== E.EISDIR && code !== E.EPERM) throw new SystemError(code, 'unlink');
  return removeTree(dir, name, code);
}

/** Depth first without recursion: a tree may be deeper than any stack, and its paths longer than PATH_MAX. */
function removeTree(dir: number, top: Buffer, firstCode: number): number {
  const stack = [{ path: top, tried: false }];
  let removed = 0;
  for (let here = stack.at(-1); here !== undefined; here = stack.at(-1)) {
    const fd = openDirectory(dir, here.path, firstCode);
    const { gone, folders, code } = empty(fd);
    close(fd);
    removed += gone;
    if (folders.length === 0) {
      removeFolder(dir, here.path);
      removed++;
      stack.pop();
    } else if (here.tried) {
      throw new SystemError(code, 'unlink'); // it was emptied before, and something stayed
    } else {
      here.tried = true;
      for (const name of folders) stack.push({ path: join(here.path, name), tried: false });
    }
  }
  return removed;
}

function openDirectory(dir: number, path: Buffer, firstCode: number): number {
  let fd = openBeneath(dir, path);
  if (fd < 0 && errno() === E.EACCES) fd = openMending(dir, path);
  if (fd < 0) throw new SystemError(errno() === E.ENOTDIR ? firstCode : errno(), 'remove');
  return fd;
}

/** Unlinks every name but directories, which it answers with. */
function empty(fd: number): { gone: number; folders: Buffer[]; code: number } {
  const names = readNames(fd);
  const folders: Buffer[] = [];
  let gone = 0;
  let code = 0;
  let opened = false;
  for (const start of names.starts) {
    let done = unlinkat(fd, names.bytes.subarray(start), 0);
    if (done < 0 && errno() === E.EACCES && !opened) {
      opened = true;
      fchmod(fd, 0o700);
      done = unlinkat(fd, names.bytes.subarray(start), 0);
    }
    if (done === 0) gone++;
    else if ((code = errno()) !== E.ENOENT) folders.push(Buffer.from(names.bytes.subarray(start, names.end(start))));
  }
  return { gone, folders, code };
}

function removeFolder(dir: number, path: Buffer): void {
  const [parent, name] = split(path);
  const at = parent.length === 0 ? dir : must(openBeneath(dir, parent, O.RDONLY | O.DIRECTORY), 'open');
  try {
    must(unlinkat(at, terminated(name), AT.REMOVEDIR), 'rmdir');
  } finally {
    if (at !== dir) close(at);
  }
}
