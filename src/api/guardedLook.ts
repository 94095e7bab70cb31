import type { AgentClient } from '../agent/client';
import type { Fleet } from '../contract/fleet';
import type { EndpointView, GuardedView, PairView } from './endpointView';
import { endpointView } from './endpointLook';
import { FleetAgents } from './fleetAgents';
import type { FleetLook } from './fleetView';
import { guardOf, LastRuns } from './guardView';
import { keptLook } from './keptLook';
import type { Operator } from './operator';
import { pairView } from './pairLook';

const usuallyKeptMs = 2_000;

/** Asks agents and runs for the endpoints and the pairs of the fleet, at most every two seconds, while somebody looks. */
export function guardedLook(
  how: FleetLook,
  operator: Operator,
  keptMs = usuallyKeptMs,
): { look: () => Promise<GuardedView>; close: () => void } {
  const agents = new FleetAgents(how);
  const runs = new LastRuns(operator);
  const look = async (): Promise<GuardedView> => {
    const fleet = how.fleet();
    const agent = agents.of(fleet);
    const [endpoints, pairs] = await Promise.all([
      Promise.all(Object.keys(fleet.endpoints).map((each) => lookAtEndpoint(fleet, agent, each))),
      Promise.all(Object.keys(fleet.proxies).map((each) => lookAtPair(fleet, agent, each))),
    ]);
    return { endpoints, pairs };
  };
  return { look: keptLook(look, keptMs, { endpoints: [], pairs: [] }), close: () => agents.close() };

  async function lookAtEndpoint(
    fleet: Fleet,
    agent: (host: string) => AgentClient,
    name: string,
  ): Promise<EndpointView> {
    const [view, guard, last] = await Promise.all([
      endpointView(fleet, agent, name),
      guardOf(operator, 'guard-endpoint', name),
      runs.of('fail-over-endpoint', name),
    ]);
    return { ...view, guard, ...(last && { last: last as NonNullable<EndpointView['last']> }) };
  }

  async function lookAtPair(fleet: Fleet, agent: (host: string) => AgentClient, name: string): Promise<PairView> {
    const [view, guard, last] = await Promise.all([
      pairView(fleet, agent, name),
      guardOf(operator, 'guard-proxies', name),
      runs.of('fail-over-proxy', name),
    ]);
    return { ...view, guard, ...(last && { last: last as NonNullable<PairView['last']> }) };
  }
}
