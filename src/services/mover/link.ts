import type net from 'node:net';
import { setsockopt } from './sys';

const IPPROTO_TCP = 6;
const TCP_KEEPINTVL = 5; // s
const TCP_KEEPCNT = 6;
const TCP_USER_TIMEOUT = 18; // ms
const DEAD_AFTER_MS = 5_000; // a link that takes nothing for so long is cut

/** The kernel watches the link, so that a busy process is not taken for a dead one. */
export function watchLink(socket: net.Socket): void {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 1_000);
  const fd = descriptorOf(socket);
  if (fd === undefined) return; // closed already
  const set = (option: number, value: number) =>
    setsockopt(fd, IPPROTO_TCP, option, Buffer.from(Uint32Array.of(value).buffer), 4);
  set(TCP_USER_TIMEOUT, DEAD_AFTER_MS);
  set(TCP_KEEPINTVL, 1);
  set(TCP_KEEPCNT, 4);
}

export function descriptorOf(socket: net.Socket): number | undefined {
  // oxlint-disable-next-line no-underscore-dangle -- there is no other way to the descriptor
  const fd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd;
  return fd === undefined || fd < 0 ? undefined : fd;
}
