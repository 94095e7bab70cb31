import koffi from 'koffi';
import { constants as files } from 'node:fs';
import { constants } from 'node:os';

/**
 * The system calls that the mover needs and node:fs lacks: relative to directories, names as bytes, nanoseconds, extended attributes.
 * Names are NUL-terminated buffers. Each function returns what the call returned; a negative result means `errno()`.
 */
type Bytes = Uint8Array;

const libc = koffi.load('libc.so.6');
// Each call below says its types twice: once for the C side, once for ours.
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters
const call = <F>(declaration: string): F => libc.func(declaration) as unknown as F;

export const openat = call<(dir: number, name: Bytes, flags: number, mode: number) => number>(
  'int openat(int, void *, int, uint32_t)',
);
export const close = call<(fd: number) => number>('int close(int)');
export const statx = call<(dir: number, name: Bytes, flags: number, mask: number, out: Bytes) => number>(
  'int statx(int, void *, int, uint32_t, void *)',
);
export const getdents64 = call<(fd: number, out: Bytes, size: number) => number>(
  'int64_t getdents64(int, void *, size_t)',
);
export const readlinkat = call<(dir: number, name: Bytes, out: Bytes, size: number) => number>(
  'int64_t readlinkat(int, void *, void *, size_t)',
);
export const pread = call<(fd: number, out: Bytes, size: number, offset: number) => number>(
  'int64_t pread(int, void *, size_t, int64_t)',
);
export const pwrite = call<(fd: number, data: Bytes, size: number, offset: number) => number>(
  'int64_t pwrite(int, void *, size_t, int64_t)',
);
export const lseek = call<(fd: number, offset: number, whence: number) => number>('int64_t lseek(int, int64_t, int)');
export const ftruncate = call<(fd: number, size: number) => number>('int ftruncate(int, int64_t)');
export const utimensat = call<(dir: number, name: Bytes, times: Bytes, flags: number) => number>(
  'int utimensat(int, void *, void *, int)',
);
export const futimens = call<(fd: number, times: Bytes) => number>('int futimens(int, void *)');
export const fchown = call<(fd: number, uid: number, gid: number) => number>('int fchown(int, uint32_t, uint32_t)');
export const fchownat = call<(dir: number, name: Bytes, uid: number, gid: number, flags: number) => number>(
  'int fchownat(int, void *, uint32_t, uint32_t, int)',
);
export const fchmod = call<(fd: number, mode: number) => number>('int fchmod(int, uint32_t)');
export const fchmodat = call<(dir: number, name: Bytes, mode: number, flags: number) => number>(
  'int fchmodat(int, void *, uint32_t, int)',
);
export const linkat = call<(fromDir: number, from: Bytes, toDir: number, to: Bytes, flags: number) => number>(
  'int linkat(int, void *, int, void *, int)',
);
export const unlinkat = call<(dir: number, name: Bytes, flags: number) => number>('int unlinkat(int, void *, int)');
export const symlinkat = call<(target: Bytes, dir: number, name: Bytes) => number>(
  'int symlinkat(void *, int, void *)',
);
export const mkdirat = call<(dir: number, name: Bytes, mode: number) => number>('int mkdirat(int, void *, uint32_t)');
export const mknodat = call<(dir: number, name: Bytes, mode: number, device: number) => number>(
  'int mknodat(int, void *, uint32_t, uint64_t)',
);
export const flistxattr = call<(fd: number, out: Bytes, size: number) => number>(
  'int64_t flistxattr(int, void *, size_t)',
);
export const llistxattr = call<(path: Bytes, out: Bytes, size: number) => number>(
  'int64_t llistxattr(void *, void *, size_t)',
);
export const fgetxattr = call<(fd: number, name: Bytes, out: Bytes, size: number) => number>(
  'int64_t fgetxattr(int, void *, void *, size_t)',
);
export const lgetxattr = call<(path: Bytes, name: Bytes, out: Bytes, size: number) => number>(
  'int64_t lgetxattr(void *, void *, void *, size_t)',
);
export const fsetxattr = call<(fd: number, name: Bytes, value: Bytes, size: number, flags: number) => number>(
  'int fsetxattr(int, void *, void *, size_t, int)',
);
export const lsetxattr = call<(path: Bytes, name: Bytes, value: Bytes, size: number, flags: number) => number>(
  'int lsetxattr(void *, void *, void *, size_t, int)',
);
export const fremovexattr = call<(fd: number, name: Bytes) => number>('int fremovexattr(int, void *)');
export const lremovexattr = call<(path: Bytes, name: Bytes) => number>('int lremovexattr(void *, void *)');
export const read = call<(fd: number, out: Bytes, size: number) => number>('int64_t read(int, void *, size_t)');
export const fstatfs = call<(fd: number, out: Bytes) => number>('int fstatfs(int, void *)');
export const fanotify_init = call<(flags: number, eventFlags: number) => number>(
  'int fanotify_init(uint32_t, uint32_t)',
);
export const fanotify_mark = call<(group: number, flags: number, mask: bigint, dir: number, path: Bytes) => number>(
  'int fanotify_mark(int, uint32_t, uint64_t, int, void *)',
);
export const open_by_handle_at = call<(mount: number, handle: Bytes, flags: number) => number>(
  'int open_by_handle_at(int, void *, int)',
);
export const dup = call<(fd: number) => number>('int dup(int)');
export const flock = call<(fd: number, how: number) => number>('int flock(int, int)');
export const umask = call<(mask: number) => number>('uint32_t umask(uint32_t)');

const syscall4 = call<(number: number, dir: number, name: Bytes, how: Bytes, size: number) => number>(
  'int64_t syscall(int64_t, int64_t, void *, void *, size_t)',
);
const SYS_openat2 = 437; // the same on every architecture
const how = Buffer.alloc(24);

/** openat2: `resolve` says what the path may not do. */
export function openat2(dir: number, name: Bytes, flags: number, resolve: number): number {
  how.writeBigUInt64LE(BigInt(flags >>> 0), 0);
  how.writeBigUInt64LE(BigInt(resolve), 16);
  return syscall4(SYS_openat2, dir, name, how, 24);
}

const syncfsNow = libc.func('int syncfs(int)');
/** Waits, on another thread, until the file system of `fd` is on disk. */
export const syncfs = (fd: number): Promise<number> =>
  new Promise((resolve, reject) => {
    syncfsNow.async(fd, (error: Error | null, result: number) => (error === null ? resolve(result) : reject(error)));
  });

export const errno = (): number => koffi.errno();
export const setErrno = (code: number): number => koffi.errno(code);

/** A system call that said no. */
export class SystemError extends Error {
  override readonly name = 'SystemError';
  constructor(
    readonly code: number,
    readonly what: string,
  ) {
    super(`${what}: ${errorName(code)}`);
  }
}

/** The result of a call, or the error it left. */
export function must(result: number, what: string): number {
  if (result < 0) throw new SystemError(errno(), what);
  return result;
}

const nameOf = new Map<number, string>(Object.entries(constants.errno).map(([name, code]) => [code, name]));
export const errorName = (code: number): string => nameOf.get(code) ?? `errno ${code}`;

export const O = {
  RDONLY: 0,
  WRONLY: 1,
  CREAT: 0o100,
  EXCL: 0o200,
  NONBLOCK: 0o4000,
  DIRECTORY: files.O_DIRECTORY,
  NOFOLLOW: files.O_NOFOLLOW,
  NOATIME: 0o1000000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
} as const;

export const AT = {
  FDCWD: -100,
  SYMLINK_NOFOLLOW: 0x100,
  REMOVEDIR: 0x200,
  SYMLINK_FOLLOW: 0x400,
  EMPTY_PATH: 0x1000,
} as const;
export const RESOLVE = { NO_MAGICLINKS: 0x02, NO_SYMLINKS: 0x04, BENEATH: 0x08 } as const;
export const SEEK = { DATA: 3, HOLE: 4 } as const;
export const LOCK = { EX: 2, NB: 4 } as const;
export const E = constants.errno;

export const EMPTY = Buffer.from([0]);
export const cString = (text: string): Buffer => Buffer.from(`${text}\0`, 'latin1');
