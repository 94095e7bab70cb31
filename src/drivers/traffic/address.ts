import type { HolderView, TrafficInput } from '../../contract/capabilities/traffic';
import type { ProxiesEntry, ProxyNode } from '../../contract/endpoints';
import { Refusal } from '../../contract/errors';
import type { Lease } from '../../contract/operations';
import type { Host } from '../host';
import type { Carrier, Holding } from './carrier';
import { KernelEpoch } from './kernelEpoch';
import { Links } from './links';
import { macvlan } from './macvlan';
import { Nft } from './nft';
import { redirect } from './redirect';
import { sever } from './sever';

/** One node's address as this host knows it. */
interface Held {
  carrier: Carrier;
  epoch: KernelEpoch;
  /** What was asked last: one thing at a time. */
  turn: Promise<unknown>;
}

/** Who holds the two addresses of a pair of proxies, as far as this host goes. What is so is in the kernel alone. */
export function addresses(host: Pick<Host, 'name' | 'stateDir' | 'log'>, entry: ProxiesEntry, name: string): Holding {
  const nodes = Object.entries(entry.nodes);
  const own = Object.values(entry.nodes).find((node) => node.host === host.name);
  if (own === undefined) throw new Refusal('NoPart', { host: host.name, part: 'node', name });
  const ground = { host, within: [] };
  // One for each: the complaint about one address, or its end, is not the other's.
  const links = new Map(nodes.map(([id]) => [id, new Links()]));
  const nft = new Nft(ground);
  const carrierOf = (id: string, node: ProxyNode): Carrier => {
    const [, peer = node] = nodes.find(([other]) => other !== id) ?? [];
    const seat = { host: host.name, name: `${name}/${id}`, address: node.address, device: own.device };
    return entry.by === 'nftables' ? redirect(ground, nft, node, peer) : macvlan(seat, links.get(id)!);
  };
  const held = new Map<string, Held>(
    nodes.map(([id, node]) => [
      id,
      { carrier: carrierOf(id, node), epoch: new KernelEpoch(nft, `${name}/${id}`), turn: Promise.resolve() },
    ]),
  );
  const view = async (node: string, { carrier, epoch }: Held): Promise<HolderView> => {
    const [isHeld, known] = await Promise.all([carrier.holds(), epoch.read()]);
    return { node, held: isHeld, epoch: known };
  };
  const inTurn = async (node: string, work: (one: Held) => Promise<void>): Promise<HolderView> => {
    const one = held.get(node);
    if (one === undefined) throw new Refusal('NoPart', { host: host.name, part: `node "${node}"`, name });
    const mine = one.turn.then(() => work(one)).then(() => view(node, one));
    one.turn = mine.catch(() => undefined); // whoever asked gets the error; the next one has its turn all the same
    return mine;
  };
  return {
    prepare: async () => {
      await Promise.all([...held.values()].flatMap(({ carrier, epoch }) => [carrier.prepare(), epoch.read()]));
    },
    holders: async () => ({ holders: await Promise.all([...held].map(([node, one]) => view(node, one))) }),
    take: (input) => inTurn(input.node, (one) => take(host.name, one, input)),
    release: ({ node, lease }) =>
      inTurn(node, async ({ carrier, epoch }) => {
        await remember(host.name, epoch, lease);
        if (await carrier.holds()) await sever(ground, entry.nodes[node]!.address);
        await carrier.give();
      }),
    stop: async () => {
      await Promise.all([...held.values()].map(({ turn }) => turn));
      await Promise.all([...[...links.values()].map((one) => one.stop()), nft.stop()]);
    },
  };
}

/** The epoch first: who comes later with the same expectation is refused before it has changed anything. */
async function take(
  host: string,
  { carrier, epoch }: Held,
  { pair, node, from, lease }: TrafficInput<'take'>,
): Promise<void> {
  const swapped = lease.epoch > from && (await epoch.swap(from, lease.epoch));
  if (!swapped) {
    const known = await epoch.read();
    if (lease.epoch < known) throw stale(host, lease, known);
    // The same epoch is the same run, which asks again.
    if (lease.epoch > known) throw new Refusal('EpochMoved', { endpoint: `${pair}/${node}`, host, known, from });
  }
  await carrier.take();
  const known = await epoch.read();
  if (known === lease.epoch) return;
  // Somebody else, not of this agent, changed it meanwhile: what that one did, this take may have turned back.
  await carrier.give();
  throw stale(host, lease, known);
}

/** After this the kernel refuses whatever is older than the lease. */
async function remember(host: string, epoch: KernelEpoch, lease: Lease): Promise<void> {
  for (;;) {
    const known = await epoch.read();
    if (lease.epoch < known) throw stale(host, lease, known);
    if (lease.epoch === known || (await epoch.swap(known, lease.epoch))) return;
  }
}

const stale = (host: string, { target, epoch }: Lease, known: number): Refusal =>
  new Refusal('StaleEpoch', { target, host, known, given: epoch });
