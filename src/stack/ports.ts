import { randomInt } from 'node:crypto';
import { connect, createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

/** What was given out is not bound yet. */
const given = new Set<number>();

/** Below those that the kernel of Linux gives to whoever asks for any: until a port is bound, none of them may come to have it. */
const ours = { from: 20_000, to: 32_768 };
const mostLooks = 200;

/** `preferred` if nobody listens there, else any free port of loopback that was not given out before; 0 when there is none. */
export async function freePort(preferred = 0): Promise<number> {
  const there = preferred === 0 ? undefined : await bindable(preferred);
  if (there !== undefined) return there;
  for (let looks = 0; looks < mostLooks; looks++) {
    const port = randomInt(ours.from, ours.to);
    if (given.has(port) || (await bindable(port)) === undefined) continue;
    given.add(port);
    return port;
  }
  return 0;
}

/** The port at which people look first; any other where many stacks start at once and would take it from each other. */
export const usualPort = (port: number): number => (process.env['EVENKEEL_PORTS'] === 'any' ? 0 : port);

/** The kernel closes the port of a killed process a moment after the process counts as gone, ms. */
const freedWithinMs = 2_000;

/** Waits a moment for a port that was just left. */
export async function untilFree(port: number): Promise<void> {
  for (const deadline = Date.now() + freedWithinMs; Date.now() < deadline; await pause(20)) {
    if ((await bindable(port)) !== undefined) return;
  }
}

function bindable(port: number): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen(port, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : undefined));
    });
  });
}

/** True once something accepts connections; false when `timeoutMs` passed, or at once when `gaveUp` says so. */
export async function listens(
  { host = '127.0.0.1', port }: { host?: string; port: number },
  { timeoutMs, gaveUp = () => false }: { timeoutMs: number; gaveUp?: () => boolean },
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await accepts({ host, port })) return true;
    if (gaveUp() || Date.now() > deadline) return false;
    await pause(20);
  }
}

export function accepts({ host, port }: { host: string; port: number }): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: 1_000 });
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true));
    socket.once('error', () => answer(false));
    socket.once('timeout', () => answer(false));
  });
}
