import { setTimeout as pause } from 'node:timers/promises';
import type { TrafficInput } from '../../contract/capabilities/traffic';
import { Refusal } from '../../contract/errors';
import { waitingConnections } from './connections';
import type { Ground } from './ground';
import type { Provoker } from './provoker';
import type { Seat } from './routes';

const withinMs = 1_000;
/** A client answers no more than two provocations a second. */
const againMs = 550;
const lookEveryMs = 40;

/**
 * Clients that only wait for an answer of a dead server would wait for ever: it can send them no reset, and nobody else knows
 * their sequence numbers. So each gets a segment that it must answer (RFC 5961, 4.2), its answer comes by the rule that
 * rejects the dead address, and that one answers it with a reset that is valid.
 */
export async function free(
  ground: Ground,
  provoker: Provoker,
  { endpoint, port, host, table }: Seat,
  { address }: TrafficInput<'free'>,
): Promise<{ found: number; left: number; tookMs: number }> {
  const start = performance.now();
  const { to } = await table.read(port);
  if (to?.address === address) throw new Refusal('NotClosed', { endpoint, host, to: `${to.address}:${to.port}` });
  const found = await waitingConnections(ground, port, address);
  let left = found;
  let provoked = -Infinity;
  while (left.length > 0 && performance.now() - start < withinMs) {
    if (performance.now() - provoked > againMs) {
      await provoker.provoke(left);
      provoked = performance.now();
    }
    await pause(lookEveryMs);
    left = await waitingConnections(ground, port, address);
  }
  return { found: found.length, left: left.length, tookMs: Math.round(performance.now() - start) };
}
