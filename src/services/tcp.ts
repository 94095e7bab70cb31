import type { Socket } from 'node:net';
import koffi from 'koffi';

const IPPROTO_TCP = 6;
/** By their numbers in Linux. */
const options = { keepIntervalSeconds: 5, keepCount: 6, userTimeoutMs: 18 } as const;

const setsockopt =
  process.platform === 'linux'
    ? koffi.load(null).func('int setsockopt(int, int, int, uint32_t *, uint32_t)')
    : undefined;

/** What the kernel does for a connection, and Node has no word for. Nothing on one that is closed, nor elsewhere than on Linux. */
export function setTcp(socket: Socket, values: Partial<Record<keyof typeof options, number>>): void {
  const fd = descriptorOf(socket);
  if (fd === undefined) return;
  for (const [name, value] of Object.entries(values))
    setsockopt?.(fd, IPPROTO_TCP, options[name as keyof typeof options], [value], 4);
}

export function descriptorOf(socket: Socket): number | undefined {
  // oxlint-disable-next-line no-underscore-dangle -- there is no other way to the descriptor
  const fd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd;
  return fd === undefined || fd < 0 ? undefined : fd;
}
