import type { Fleet } from '../contract/fleet';
import type { CapabilityOf, Host } from '../drivers/host';
import type { RunningDrivers } from './performing';

/** What this host has a part in, as a member, a forwarder, a node or an observer. */
export function guardedBy(fleet: Fleet, host: string): Pick<Host, 'endpoints' | 'proxies' | 'zone'> {
  const zone = fleet.hosts[host]?.zone;
  const mine = (hosts: string[]) => hosts.includes(host);
  return {
    endpoints: Object.fromEntries(
      Object.entries(fleet.endpoints).filter(([, { members, forwarders, observers }]) =>
        mine([...observers, ...[...Object.values(members), ...Object.values(forwarders)].map((each) => each.host)]),
      ),
    ),
    proxies: Object.fromEntries(
      Object.entries(fleet.proxies).filter(([, { nodes }]) => mine(Object.values(nodes).map((node) => node.host))),
    ),
    ...(zone !== undefined && { zone }),
  };
}

/**
 * What cannot wait until somebody asks: a member whose place others took must not serve, neither now nor later, and what is guarded is watched.
 * `known`: the epochs of before the agent listened to anybody; `ended`: the agent's end.
 */
export async function standGuard(
  self: Host,
  running: RunningDrivers,
  known: Readonly<Record<string, number>>,
  ended: AbortSignal,
): Promise<void> {
  const has = (capability: string) => running.names.includes(capability);
  const hasMember = Object.values(self.endpoints).some(({ members }) =>
    Object.values(members).some(({ host }) => host === self.name),
  );
  if (hasMember && has('role')) {
    const { fenceSuperseded } = await import('../drivers/role/superseded.js');
    const { fenceOvertaken } = await import('../drivers/role/overtaken.js');
    const role = (await running.of('role')) as unknown as CapabilityOf<'role'>;
    await fenceSuperseded(self, role, known, ended);
    fenceOvertaken(self, role, ended);
  }
  if (Object.keys({ ...self.endpoints, ...self.proxies }).length === 0 || !has('watch')) return;
  const { watches } = await import('../drivers/watch/things.js');
  if (watches(self)) await running.of('watch');
}
