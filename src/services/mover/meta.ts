import { Stat } from './stat';
import {
  AT,
  E,
  O,
  SystemError,
  cString,
  close,
  errno,
  fchmod,
  fchmodat,
  fchown,
  fchownat,
  futimens,
  must,
  openat,
  utimensat,
} from './sys';
import { META } from './wire';
import { writeXattrs } from './xattrs';

/** Who we are, and whether a new entry may have got another group than ours from its directory. */
export interface Owner {
  privileged: boolean;
  uid: number;
  gid: number;
  inherits: boolean;
}

const UTIME_OMIT = 0x3fff_fffe;
const times = Buffer.alloc(32);
times.writeUInt32LE(UTIME_OMIT, 8);

/** What an op says of an entry, beside its content. */
export class Meta {
  constructor(private readonly body: Buffer) {}
  get mode(): number {
    return this.body.readUInt32LE(0);
  }
  get uid(): number {
    return this.body.readUInt32LE(4);
  }
  get gid(): number {
    return this.body.readUInt32LE(8);
  }
  /** As mknod(2) takes it. */
  get device(): number {
    const major = this.body.readUInt32LE(12);
    const minor = this.body.readUInt32LE(16);
    return (
      (minor & 0xff) +
      (major & 0xfff) * 0x100 +
      (minor >>> 8) * 0x10_0000 +
      Math.floor(major / 0x1000) * 0x1_0000_0000_000
    );
  }
  get size(): number {
    return this.body.readDoubleLE(36);
  }
  get xattrs(): Buffer {
    return this.body.subarray(META, this.end);
  }
  /** Where the op's own body goes on. */
  get end(): number {
    return META + this.body.readUInt32LE(32);
  }
  times(): Buffer {
    this.body.copy(times, 16, 20, 28);
    times.writeUInt32LE(this.body.readUInt32LE(28), 24);
    return times;
  }
}

/** Order matters: an owner's change clears setuid, an ACL needs the mode, and each of them would disturb the times. */
export function ofFile(fd: number, meta: Meta, owner: Owner, fresh: boolean): string | undefined {
  const own = fresh && meta.uid === owner.uid && meta.gid === owner.gid && !owner.inherits;
  if (owner.privileged && !own) must(fchown(fd, meta.uid, meta.gid), 'chown');
  if (!fresh || !own || (meta.mode & 0o7000) !== 0) must(fchmod(fd, meta.mode & 0o7777), 'chmod');
  const xattrs = meta.xattrs;
  const refused = fresh && xattrs.length === 0 ? undefined : writeXattrs(fd, xattrs, fresh);
  must(futimens(fd, meta.times()), 'utimens');
  return refused;
}

const stat = new Stat();

/** For what cannot be opened for its mode or its nature: through the name of a descriptor that only points at it. */
export function ofPath(dir: number, name: Buffer, meta: Meta, owner: Owner, type: number): string | undefined {
  const fd = must(openat(dir, name, O.PATH | O.NOFOLLOW | O.CLOEXEC, 0), 'open');
  try {
    must(stat.of(fd), 'stat');
    if (stat.type !== type) throw new SystemError(E.EEXIST, 'open');
    const path = cString(`/proc/self/fd/${fd}`);
    if (owner.privileged) must(fchownat(AT.FDCWD, path, meta.uid, meta.gid, 0), 'chown');
    must(fchmodat(AT.FDCWD, path, meta.mode & 0o7777, 0), 'chmod');
    const refused = writeFollowing(fd, path, meta.xattrs);
    must(utimensat(AT.FDCWD, path, meta.times(), 0), 'utimens');
    return refused;
  } finally {
    close(fd);
  }
}

/** Attributes of a descriptor that only points: it must be opened, which works for the privileged and for what we may read. */
function writeFollowing(pointer: number, path: Buffer, xattrs: Buffer): string | undefined {
  if (stat.type !== 8) return undefined; // attributes of FIFOs and devices: ACLs only, which mode covers
  const fd = openat(AT.FDCWD, path, O.RDONLY | O.NONBLOCK | O.CLOEXEC, 0);
  if (fd < 0) return xattrs.length === 0 ? undefined : new SystemError(errno(), 'open for attributes').message;
  try {
    return writeXattrs(fd, xattrs, false);
  } finally {
    close(fd);
  }
}

export function ofSymlink(dir: number, name: Buffer, meta: Meta, owner: Owner): string | undefined {
  if (owner.privileged) must(fchownat(dir, name, meta.uid, meta.gid, AT.SYMLINK_NOFOLLOW), 'chown');
  const refused =
    meta.xattrs.length === 0
      ? undefined
      : writeXattrs(Buffer.concat([Buffer.from(`/proc/self/fd/${dir}/`), name]), meta.xattrs, true);
  must(utimensat(dir, name, meta.times(), AT.SYMLINK_NOFOLLOW), 'utimens');
  return refused;
}
