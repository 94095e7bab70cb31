import type { CapabilityOf, Host, Running } from '../host';
import { demote, refuseIfUndone, reinstate } from './demote';
import { fence } from './fence';
import { follow } from './follow';
import { guard } from './guard';
import { Line } from './line';
import { divergence } from './lost';
import { placeOf, type Place } from './place';
import { promote } from './promote';
import { rejoin } from './rejoin';
import { statusOf } from './status';
import { setSynchronous } from './synchronous';

type Role = CapabilityOf<'role'>;

/** A caller gives up after 30 s. */
const checkpointMs = 25_000;

/** Bounds that tests make shorter. */
export interface Bounds {
  /** How often it is looked whether somebody started what is kept down, ms. */
  guardEveryMs?: number;
}

/**
 * The roles of PostgreSQL 14 to 17: the members of endpoints that lie on this host. From its start on it keeps down what
 * was fenced or demoted, until that follows, rejoins or is reinstated.
 */
export function postgres(host: Host, { guardEveryMs = 200 }: Bounds = {}): Running<Role> {
  const lines = new Map<string, Line>();
  const at = (endpoint: string): [Place, Line] => {
    const place = placeOf(host, endpoint);
    const line = lines.get(endpoint) ?? new Line(place.name, place.member);
    lines.set(endpoint, line);
    return [place, line];
  };
  const watch = guard(host, guardEveryMs);
  const driver: Role = {
    status: async ({ endpoint, deadlineMs }) => statusOf(...at(endpoint), deadlineMs),
    checkpoint: async ({ endpoint }) => {
      const beganAt = performance.now();
      await at(endpoint)[1].ask('make a checkpoint', 'checkpoint', checkpointMs);
      return { tookMs: performance.now() - beganAt };
    },
    fence: async ({ endpoint, lease, deadlineMs }) => {
      const [place, line] = at(endpoint);
      refuseIfUndone(place, lease);
      line.close();
      const fenced = await fence(place, lease, deadlineMs);
      host.log('fenced', { endpoint, epoch: lease.epoch, killed: fenced.killed, tookMs: fenced.tookMs });
      return fenced;
    },
    demote: async (input) => demote(...at(input.endpoint), input),
    reinstate: async (input) => reinstate(...at(input.endpoint), input),
    promote: async (input) => promote(...at(input.endpoint), input),
    setSynchronous: async (input) => setSynchronous(...at(input.endpoint), input),
    follow: async (input) => follow(...at(input.endpoint), input),
    lost: async ({ endpoint, primary }) => (await divergence(at(endpoint)[0], primary)).lost,
    rejoin: async (input, job) => rejoin(...at(input.endpoint), input, job),
  };
  const stop = async () => {
    watch.stop();
    for (const line of lines.values()) line.close();
  };
  return { driver, stop };
}
