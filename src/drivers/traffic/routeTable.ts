import { isIPv4 } from 'node:net';
import { Refusal } from '../../contract/errors';
import type { RouteView } from '../../contract/capabilities/traffic';
import type { EndpointEntry } from '../../contract/endpoints';

export type Target = NonNullable<RouteView['to']>;

/** Where the connections to an endpoint's port go, as the kernel has it. */
export interface Route {
  /** 0: this kernel knows nothing of that port. */
  epoch: number;
  /** Left out: it is closed. */
  to?: Target;
  rejected: readonly string[];
}

/**
 * The routes that a kernel holds, by port. They outlive the agent: it reads them, and changes nothing by starting or ending.
 */
export interface RouteTable {
  read(port: number): Promise<Route>;
  /** Makes `was` into `next`, all of it at once, if the route still is `was`. Else it changes nothing, and says why. */
  swap(port: number, was: Route, next: Route): Promise<string | undefined>;
  stop(): Promise<void>;
}

/** Beside packets that a rejected client sent, and on those that provoke it to: "ek" and a number. */
export const mark = 0x65_6b_00_01;

/** What goes into rules is an address and nothing else; of IPv6 there are no rules yet. */
export function refuseUnforwarded(by: EndpointEntry['by'], ...addresses: string[]): void {
  const other = addresses.find((address) => !isIPv4(address));
  if (other !== undefined) throw new Refusal('NotForwarded', { address: other, by });
}
