import type net from 'node:net';
import { setTcp } from '../tcp';

const DEAD_AFTER_MS = 5_000; // a link that takes nothing for so long is cut

/** The kernel watches the link, so that a busy process is not taken for a dead one. */
export function watchLink(socket: net.Socket): void {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 1_000);
  setTcp(socket, { userTimeoutMs: DEAD_AFTER_MS, keepIntervalSeconds: 1, keepCount: 4 });
}
