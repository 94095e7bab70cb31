import { endpointView } from '../api/endpointLook';
import { FleetAgents } from '../api/fleetAgents';
import { pairView } from '../api/pairLook';
import type { Fleet } from '../contract/fleet';
import { ownToken } from '../stack/ownToken';
import type { GuardedNow } from './fleetGuarded';

/** Asks members, forwarders and observers of every endpoint, and both hosts of every pair, all at once. */
export async function askGuarded(fleet: Fleet): Promise<GuardedNow> {
  const token = ownToken('viewer');
  const agents = new FleetAgents({ fleet: () => fleet, ...(token !== undefined && { token }) });
  const agent = agents.of(fleet);
  try {
    const [endpoints, pairs] = await Promise.all([
      Promise.all(Object.keys(fleet.endpoints).map((name) => endpointView(fleet, agent, name))),
      Promise.all(Object.keys(fleet.proxies).map((name) => pairView(fleet, agent, name))),
    ]);
    return { endpoints, pairs };
  } finally {
    agents.close();
  }
}
