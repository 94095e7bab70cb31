import { hash, DIGEST } from './hash';
import { isInside, isPlainName, split, terminated } from './names';
import { openBeneath, openMending } from './places';
import { readNames } from './dents';
import { remove } from './remove';
import { Stat, TYPE } from './stat';
import { dropDefaultAcl } from './xattrs';
import { Meta, ofFile, ofPath, ofSymlink, type Owner } from './meta';
import { writeContent } from './content';
import {
  E,
  O,
  SystemError,
  close,
  errno,
  fchmod,
  ftruncate,
  linkat,
  mkdirat,
  mknodat,
  must,
  openat,
  symlinkat,
} from './sys';
import { AGAIN, OP, OP_HEAD, SPARSE, type Answer } from './wire';

/** Errors that no other file would escape: the pass stops and says so. */
const FATAL = new Set<number>([E.ENOSPC, E.EDQUOT, E.EROFS]);

/** Carries out batches in one item of one store. Never follows a symlink, never leaves the item. */
export class Applier {
  ownersNotSet = 0;
  deleted = 0;
  private folder: { path: Buffer; fd: number; error: SystemError | undefined } | undefined;
  private file: { name: Buffer; fd: number } | undefined;
  private owner: Owner;
  private readonly stat = new Stat();

  constructor(
    private readonly root: number,
    private readonly item: Buffer,
    privileged: boolean,
    /** The item itself may be made, replaced or removed by what follows. */
    private readonly atItem: () => void,
  ) {
    this.owner = { privileged, uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0, inherits: false };
  }

  close(): void {
    this.closeFile();
    if (this.folder !== undefined && this.folder.fd >= 0) close(this.folder.fd);
    this.folder = undefined;
  }

  /** Carries out every op of a batch; answers with those that were refused. */
  apply(ops: Buffer): Answer {
    const answer: Answer = {};
    this.ownersNotSet = 0;
    for (let at = 0, index = 0; at < ops.length; index++) {
      const nameAt = at + OP_HEAD;
      const bodyAt = nameAt + ops.readUInt32LE(at + 4);
      const end = bodyAt + ops.readUInt32LE(at + 8);
      if (bodyAt > ops.length || end > ops.length || bodyAt === nameAt || ops[bodyAt - 1] !== 0) {
        throw new Error('this is no batch of ours');
      }
      try {
        const why = this.one(
          ops[at] ?? 0,
          ops[at + 1] ?? 0,
          ops.subarray(nameAt, bodyAt),
          ops.subarray(bodyAt, end),
          answer,
        );
        if (why !== undefined) (answer.refused ??= []).push([index, 0, why]);
      } catch (error) {
        if (error instanceof Damaged) return { ...answer, damaged: true };
        if (!(error instanceof SystemError) || FATAL.has(error.code)) throw error;
        (answer.refused ??= []).push([index, error.code, error.message]);
      }
      at = end;
    }
    return answer;
  }

  /** `name` ends with NUL. Answers with what could not be kept of an entry that was otherwise stored. */
  private one(op: number, flags: number, name: Buffer, body: Buffer, answer: Answer): string | undefined {
    if (op === OP.OPEN) return this.open(name.subarray(0, -1));
    if (op === OP.SYNC) return undefined;
    const dir = this.within();
    if (op === OP.END) return this.count(new Meta(body), (meta) => ofFile(dir, meta, this.owner, false));
    if (op === OP.LIST) {
      const names = readNames(dir);
      answer.names = names.starts.map((start) => names.bytes.toString('base64', start, names.end(start)));
      return undefined;
    }
    this.check(name.subarray(0, -1));
    switch (op) {
      case OP.FILE:
        return this.store(dir, name, body, (flags & SPARSE) !== 0);
      case OP.META:
        return this.count(new Meta(body), (meta) => ofPath(dir, name, meta, this.owner, TYPE.FILE));
      case OP.SYMLINK:
        return this.symlink(dir, name, body);
      case OP.FOLDER:
        return this.makeFolder(dir, name);
      case OP.NODE:
        return this.node(dir, name, body);
      case OP.REMOVE:
        this.deleted += remove(dir, name.subarray(0, -1));
        return undefined;
      case OP.LINK:
        return this.link(dir, name, body);
      case OP.CREATE:
        return this.create(dir, name, body.readDoubleLE(0), flags === AGAIN);
      case OP.RESUME:
        return this.resume(dir, name);
      case OP.PIECE:
        return this.piece(name, body, (flags & SPARSE) !== 0);
      case OP.FINISH:
        return this.finish(dir, name, body);
      default:
        throw new Error(`op ${op} is unknown`);
    }
  }

  private count(meta: Meta, act: (meta: Meta) => string | undefined): string | undefined {
    if (!this.owner.privileged && (meta.uid !== this.owner.uid || meta.gid !== this.owner.gid)) this.ownersNotSet++;
    return act(meta);
  }

  /** Names of the store's root: only the item's own. */
  private check(name: Buffer): void {
    const isRoot = this.folder?.path.length === 0;
    if (!isPlainName(name) || (isRoot && !name.equals(this.item))) throw new Error('this name is outside of the item');
  }

  private within(): number {
    if (this.folder === undefined) throw new Error('this batch opens no directory');
    if (this.folder.error !== undefined) throw this.folder.error;
    return this.folder.fd;
  }

  private open(path: Buffer): undefined {
    if (this.folder?.path.equals(path) === true && this.folder.error === undefined) return undefined;
    if (!isInside(path, this.item)) throw new Error('this path is outside of the item');
    this.close();
    let fd = openBeneath(this.root, path);
    if (fd < 0 && errno() === E.EACCES && !this.owner.privileged) fd = openMending(this.root, path);
    const error = fd < 0 ? new SystemError(errno(), 'open directory') : undefined;
    this.folder = { path: Buffer.from(path), fd, error };
    if (error !== undefined) throw error;
    if (path.length === 0) {
      this.owner = { ...this.owner, inherits: true };
      this.atItem();
      return undefined;
    }
    must(this.stat.of(fd), 'stat directory');
    if (!this.owner.privileged && (this.stat.mode & 0o300) !== 0o300) fchmod(fd, this.stat.mode | 0o700);
    this.owner = { ...this.owner, inherits: this.stat.gid !== this.owner.gid };
    dropDefaultAcl(fd);
    return undefined;
  }

  private store(dir: number, name: Buffer, body: Buffer, sparse: boolean): string | undefined {
    const meta = new Meta(body);
    const digest = body.subarray(meta.end, meta.end + DIGEST);
    const content = body.subarray(meta.end + DIGEST);
    if (digest.compare(hash(content)) !== 0) throw new Damaged();
    const fd = this.fresh(dir, name, meta.mode & 0o777);
    try {
      writeContent(fd, content, 0, sparse);
      if (sparse) must(ftruncate(fd, content.length), 'truncate');
      return this.count(meta, () => ofFile(fd, meta, this.owner, true));
    } finally {
      close(fd);
    }
  }

  /** A file that did not exist: never one that has other links, or a symlink's target. */
  private fresh(dir: number, name: Buffer, mode: number): number {
    const flags = O.WRONLY | O.CREAT | O.EXCL | O.NOFOLLOW | O.CLOEXEC;
    const fd = openat(dir, name, flags, mode);
    if (fd >= 0) return fd;
    const code = errno();
    if (code !== E.EEXIST) throw new SystemError(code, 'create');
    remove(dir, name.subarray(0, -1));
    return must(openat(dir, name, flags, mode), 'create');
  }

  private again(dir: number, name: Buffer, act: () => number, what: string): void {
    if (act() === 0) return;
    const code = errno();
    if (code !== E.EEXIST) throw new SystemError(code, what);
    remove(dir, name.subarray(0, -1));
    must(act(), what);
  }

  private symlink(dir: number, name: Buffer, body: Buffer): string | undefined {
    const meta = new Meta(body);
    this.again(dir, name, () => symlinkat(body.subarray(meta.end), dir, name), 'symlink');
    return this.count(meta, () => ofSymlink(dir, name, meta, this.owner));
  }

  private node(dir: number, name: Buffer, body: Buffer): string | undefined {
    const meta = new Meta(body);
    this.again(dir, name, () => mknodat(dir, name, meta.mode, meta.device), 'mknod');
    return this.count(meta, () => ofPath(dir, name, meta, this.owner, meta.mode >> 12));
  }

  private makeFolder(dir: number, name: Buffer): undefined {
    if (mkdirat(dir, name, 0o700) === 0) return undefined;
    const code = errno();
    if (code !== E.EEXIST) throw new SystemError(code, 'mkdir');
    if (this.stat.at(dir, name) === 0 && this.stat.type === TYPE.DIRECTORY) return undefined;
    remove(dir, name.subarray(0, -1));
    must(mkdirat(dir, name, 0o700), 'mkdir');
    return undefined;
  }

  private link(dir: number, name: Buffer, body: Buffer): undefined {
    const path = body.subarray(0, -1);
    if (!isInside(path, this.item)) throw new Error('this link is outside of the item');
    const [parent, leader] = split(path);
    let from = openBeneath(this.root, parent, O.PATH | O.DIRECTORY);
    if (from < 0 && errno() === E.EACCES && !this.owner.privileged) from = openMending(this.root, parent);
    must(from, 'open directory');
    try {
      const other = new Stat();
      if (this.stat.at(from, terminated(leader)) === 0 && other.at(dir, name) === 0) {
        if (this.stat.identity().equals(other.identity())) return undefined;
      }
      this.again(dir, name, () => linkat(from, terminated(leader), dir, name, 0), 'link');
    } finally {
      close(from);
    }
    return undefined;
  }

  private closeFile(): void {
    if (this.file !== undefined) close(this.file.fd);
    this.file = undefined;
  }

  private create(dir: number, name: Buffer, size: number, again: boolean): undefined {
    if (again) return this.restart(dir, name, size);
    this.closeFile();
    const fd = this.fresh(dir, name, 0o600);
    this.file = { name: Buffer.from(name), fd };
    must(ftruncate(fd, size), 'truncate');
    return undefined;
  }

  /** Empties the file that was made for an earlier state: its directory, which has its times already, stays undisturbed. */
  private restart(dir: number, name: Buffer, size: number): undefined {
    this.closeFile();
    this.resume(dir, name);
    must(ftruncate(this.opened(name), 0), 'truncate');
    must(ftruncate(this.opened(name), size), 'truncate');
    return undefined;
  }

  private resume(dir: number, name: Buffer): undefined {
    if (this.file?.name.equals(name) === true) return undefined;
    this.closeFile();
    const fd = must(openat(dir, name, O.WRONLY | O.NOFOLLOW | O.NONBLOCK | O.CLOEXEC, 0), 'open');
    this.file = { name: Buffer.from(name), fd };
    must(this.stat.of(fd), 'stat');
    if (this.stat.type === TYPE.FILE && this.stat.nlink === 1) return undefined;
    this.closeFile();
    throw new SystemError(E.EEXIST, 'open');
  }

  private opened(name: Buffer): number {
    if (this.file?.name.equals(name) !== true) throw new SystemError(E.ENOENT, 'piece');
    return this.file.fd;
  }

  private piece(name: Buffer, body: Buffer, sparse: boolean): undefined {
    const content = body.subarray(8 + DIGEST);
    if (body.subarray(8, 8 + DIGEST).compare(hash(content)) !== 0) throw new Damaged();
    writeContent(this.opened(name), content, body.readDoubleLE(0), sparse);
    return undefined;
  }

  private finish(dir: number, name: Buffer, body: Buffer): string | undefined {
    this.resume(dir, name);
    const fd = this.opened(name);
    const meta = new Meta(body);
    must(ftruncate(fd, meta.size), 'truncate');
    const why = this.count(meta, () => ofFile(fd, meta, this.owner, false));
    this.closeFile();
    return why;
  }
}

class Damaged extends Error {}
