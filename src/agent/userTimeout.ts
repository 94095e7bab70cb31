import type { Socket } from 'node:net';
import koffi from 'koffi';

const [IPPROTO_TCP, TCP_USER_TIMEOUT] = [6, 18];
const isLinux = process.platform === 'linux';
const setsockopt = isLinux ? koffi.load(null).func('int setsockopt(int, int, int, uint32_t *, uint32_t)') : undefined;

/**
 * Ends a connection whose other side has confirmed nothing for so long although something was sent. Without it, what is sent
 * into a partition is repeated by the kernel at ever longer intervals, and heard half a minute after the partition has ended.
 * Node has no word for it, and elsewhere than on Linux it is left out: the deadline of each request holds all the same.
 */
export function setUserTimeout(socket: Socket, ms: number): void {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } };
  const fd = handle?.fd ?? -1;
  if (fd >= 0) setsockopt?.(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, [ms], 4);
}
