import type { RouteView, TrafficInput } from '../../contract/capabilities/traffic';
import { Refusal } from '../../contract/errors';
import type { Route, RouteTable } from './routeTable';

/** The route of one endpoint on this forwarder. */
export interface Seat {
  host: string;
  endpoint: string;
  port: number;
  table: RouteTable;
}

/** Between a look and the change that rests on it others may have changed it: then it is looked at again, so often. */
const mostAttempts = 8;

export async function lookAtRoute({ endpoint, port, table }: Seat): Promise<RouteView> {
  return view(endpoint, await table.read(port));
}

/**
 * Closes the route under a newer epoch, or, where `from` is the lease's own epoch, for the time being under the same one.
 * What it was open to is rejected from then on, whether the caller names it or not.
 */
export function closeRoute(seat: Seat, { from, lease, reject }: TrafficInput<'close'>): Promise<RouteView> {
  const { endpoint, host } = seat;
  return change(seat, (was) => {
    const given = lease.epoch;
    if (was.epoch === given && from !== given) return undefined;
    refuseStale(seat, was, given);
    if (was.epoch !== from) throw new Refusal('EpochMoved', { endpoint, host, known: was.epoch, from });
    const rejected = new Set([...was.rejected, ...reject, ...(was.to ? [was.to.address] : [])]);
    if (was.epoch === given && !was.to && rejected.size === was.rejected.length) return undefined;
    return { epoch: given, rejected: [...rejected] };
  });
}

/** Opens a route that was closed under the same epoch, or that never was open. */
export function openRoute(seat: Seat, { lease, to }: TrafficInput<'open'>): Promise<RouteView> {
  const { endpoint, host } = seat;
  return change(seat, (was) => {
    const given = lease.epoch;
    refuseStale(seat, was, given);
    if (was.to?.address === to.address && was.to.port === to.port) return undefined;
    if (was.to) throw new Refusal('NotClosed', { endpoint, host, to: `${was.to.address}:${was.to.port}` });
    if (was.epoch !== 0 && was.epoch !== given)
      throw new Refusal('EpochMoved', { endpoint, host, known: was.epoch, from: given });
    return { epoch: given, to, rejected: was.rejected.filter((address) => address !== to.address) };
  });
}

function refuseStale({ endpoint, host }: Seat, { epoch }: Route, given: number): void {
  if (given < epoch) throw new Refusal('StaleEpoch', { target: endpoint, known: epoch, given, host });
}

/** `next` says what the route becomes, nothing when it is as it should be, or refuses. The answer is what is then. */
async function change(seat: Seat, next: (was: Route) => Route | undefined): Promise<RouteView> {
  const { table, port, endpoint, host } = seat;
  let why: string | undefined;
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const was = await table.read(port);
    const wanted = next(was);
    if (!wanted) return view(endpoint, was);
    why = await table.swap(port, was, wanted);
    if (why === undefined) return lookAtRoute(seat);
  }
  throw new Refusal('KernelRefused', { what: `the route of ${endpoint}`, host, why: why ?? 'it changes all the time' });
}

function view(endpoint: string, { epoch, to, rejected }: Route): RouteView {
  const state = epoch === 0 ? 'absent' : to ? 'open' : 'closed';
  return { endpoint, state, epoch, ...(to && { to }), rejected: [...rejected] };
}
