import { closeSync, readFileSync, readlinkSync, realpathSync } from 'node:fs';
import koffi from 'koffi';

const libc = koffi.load('libc.so.6');
const syscall = libc.func('int64_t syscall(int64_t, int64_t, int64_t)') as unknown as (
  number: number,
  pid: number,
  flags: number,
) => number;
const poll = libc.func('int poll(void *, uint64_t, int)');
const SYS_pidfd_open = 434; // the same on every architecture
const POLLIN = 1;
const sizeOfPollfd = 8;

/** A descriptor that becomes readable when the process ends; nothing when there is no such process. It never means another one. */
export function openProcess(pid: number): number | undefined {
  const fd = syscall(SYS_pidfd_open, pid, 0);
  return fd < 0 ? undefined : fd;
}

/** Those of the descriptors whose process has ended; waits for the first one on another thread. */
export async function ended(fds: readonly number[], timeoutMs: number): Promise<number[]> {
  const polled = Buffer.alloc(fds.length * sizeOfPollfd);
  for (const [at, fd] of fds.entries()) {
    polled.writeInt32LE(fd, at * sizeOfPollfd);
    polled.writeInt16LE(POLLIN, at * sizeOfPollfd + 4);
  }
  await new Promise<number>((resolve, reject) => {
    poll.async(polled, fds.length, timeoutMs, (error: Error | null, found: number) =>
      error === null ? resolve(found) : reject(error),
    );
  });
  return fds.filter((_, at) => polled.readInt16LE(at * sizeOfPollfd + 6) !== 0);
}

export const closeProcess = (fd: number): void => closeSync(fd);

/** The postmaster of a data directory, as it says itself. The file outlives a crash, and its number may be another's by now. */
export function postmasterOf(data: string): number | undefined {
  const pid = pidIn(`${data}/postmaster.pid`);
  return pid !== undefined && worksIn(pid, data) ? pid : undefined;
}

/** The number in a file of one, or nothing. */
export function pidIn(file: string): number | undefined {
  try {
    const pid = Number.parseInt(readFileSync(file, 'utf8'), 10);
    return pid > 0 ? pid : undefined;
  } catch (error) {
    if (['ENOENT', 'EACCES', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}

/** A postmaster works in its data directory. Who may not look takes the file's word. */
function worksIn(pid: number, folder: string): boolean {
  try {
    return readlinkSync(`/proc/${pid}/cwd`) === realpathSync(folder);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EACCES';
  }
}
