import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { Refusal } from '../../contract/errors';
import type { Carrier } from './carrier';
import type { Links } from './links';

export interface Seat {
  /** Of this host. */
  host: string;
  /** What is carried: `orders/p1` and its address. */
  name: string;
  address: string;
  /** The interface of this host below it. */
  device: string;
}

const isUp = 1; // IFF_UP
const deadlineMs = 1_000;

/**
 * Carries an address on a macvlan device of its own: up with the address, or down without it. The device has the same MAC
 * on every host that may carry it, so no neighbour has to learn another one; the kernel itself announces the address when
 * the link goes up, which moves the MAC to its new port in the switches.
 *
 * An address on a device that is down is still one of this host: its other devices would answer for it. So it goes with the link.
 */
export function macvlan(seat: Seat, links: Links, reset: (address: string) => Promise<void>): Carrier {
  const { host, address } = seat;
  const name = deviceName(seat);
  const refuse = (why: string, cause?: unknown) => new Refusal('NotTaken', { host, address, why }, { cause });
  const there = () => existsSync(`/sys/class/net/${name}`);
  const holds = () => isLinkUp(name) && isLocal(address);
  const make = async (): Promise<void> => {
    links.warm();
    if (!isIPv4(address)) throw refuse('this driver moves IPv4 addresses only');
    if (!existsSync(`/sys/class/net/${seat.device}`)) throw refuse(`there is no device ${seat.device}`);
    if (!there()) {
      links.tell(`link add link ${seat.device} name ${name} address ${macOf(seat)} type macvlan mode bridge`);
      if (!(await soon(there))) throw refuse(links.why || `there is no device ${name} after ${deadlineMs} ms`);
      links.tell(`link set ${name} alias evenkeel:${seat.name}`);
    }
    try {
      tune(name, seat.device);
    } catch (cause) {
      throw refuse(`${name} cannot be set up: ${(cause as Error).message}`, cause);
    }
  };
  return {
    prepare: make,
    take: async () => {
      if (holds()) return;
      if (!there()) await make();
      // The address first: what the device has when it goes up is what the kernel announces.
      links.tell(`link set ${name} down`, `address replace ${address}/32 dev ${name}`, `link set ${name} up`);
      if (await soon(holds)) return;
      const { why } = links;
      links.kill();
      throw refuse(why || `${name} is not up with it after ${deadlineMs} ms`);
    },
    give: async () => {
      if (holds()) await reset(address);
      if (there()) links.tell(`address flush dev ${name}`, `link set ${name} down`);
      if (await soon(() => !isLinkUp(name) && !isLocal(address))) return;
      const { why } = links;
      links.kill();
      const is = isLinkUp(name) ? `${name} is still up` : 'another device of it has it too';
      throw new Refusal('NotGivenUp', { host, address, why: why || is });
    },
    holds: async () => holds(),
  };
}

/** Looks again until it is so; false when that takes too long. */
async function soon(isSo: () => boolean): Promise<boolean> {
  for (const giveUpAt = Date.now() + deadlineMs; !isSo(); await pause(1)) if (Date.now() > giveUpAt) return false;
  return true;
}

const digest = ({ name, address }: Seat): string => createHash('sha256').update(`${name} ${address}`).digest('hex');

/** The kernel takes 15 characters. */
export const deviceName = (seat: Seat): string => `ek${digest(seat).slice(0, 12)}`;

/** Administered locally, for one station. */
const macOf = (seat: Seat): string => `02:${digest(seat).slice(12, 22).match(/../g)!.join(':')}`;

/**
 * Each device answers and asks for its own address alone, since neighbours would otherwise learn the MAC of one address for
 * another. Answers may come in where the route back is not: the device has no route of its own.
 */
function tune(device: string, below: string): void {
  const set = (it: string, key: string, value: number) => {
    const file = `/proc/sys/net/ipv4/conf/${it}/${key}`;
    if (Number(readFileSync(file, 'utf8')) < value) writeFileSync(file, String(value));
  };
  set(device, 'arp_notify', 1);
  set(device, 'rp_filter', 2);
  for (const it of [device, below]) {
    set(it, 'arp_ignore', 1);
    set(it, 'arp_announce', 2);
  }
}

function isLinkUp(device: string): boolean {
  try {
    return (Number(readFileSync(`/sys/class/net/${device}/flags`, 'utf8')) & isUp) !== 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false;
    throw error;
  }
}

/** Whether the kernel takes packets to it for its own, on whichever device. */
function isLocal(address: string): boolean {
  const entry = new RegExp(String.raw`\|-- ${address.replaceAll('.', String.raw`\.`)}\n\s+/32 host LOCAL`);
  return entry.test(readFileSync('/proc/net/fib_trie', 'latin1'));
}
