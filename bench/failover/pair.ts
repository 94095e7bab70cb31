import { setTimeout as pause } from 'node:timers/promises';
import type { Endings } from '../../src/laboratory/endings';
import { proxyAddress } from '../../src/laboratory/failoverFleet';
import type { FailoverOptions } from '../../src/laboratory/failoverOptions';
import { FailoverSite } from '../../src/laboratory/failoverSite';
import { byProxy, startWrites } from '../../src/laboratory/failoverWrites';
import { illegitimate, Moves } from './moves';
import { tryOut, type Trial } from './trial';

/** How a proxy fails. `n1` is the one that does. */
const faults: Record<string, (site: FailoverSite) => number | Promise<number>> = {
  killed: (site) => site.faults.killProxy('n1'),
  hung: (site) => site.faults.hangProxy('n1'),
  'link-down': (site) => site.faults.linkDown('n1'),
};

export const proxyFaults = Object.keys(faults);

/** Two compute nodes with a proxy each, and a database: the same for everybody who moves their addresses. */
export interface Pair {
  site: FailoverSite;
  moves: Moves;
}

export async function openPair(endings: Endings, options: FailoverOptions): Promise<Pair> {
  const site = await FailoverSite.open(endings, options);
  const { network } = site;
  const nodes = { n1: network.host('n1'), n2: network.host('n2') };
  const addresses = Object.keys(nodes).map((node) => proxyAddress(network, node));
  return { site, moves: new Moves(endings, nodes, addresses) };
}

/** Each node has its own address. */
export const atHome = ({ site: { network }, moves }: Pair): boolean =>
  ['n1', 'n2'].every((node) => moves.has(node, proxyAddress(network, node))) &&
  !moves.has('n2', proxyAddress(network, 'n1'));

/** A node's address may come and go for this long after the clients are served: longer than any of them adverts. */
const afterMs = 500;

/** Breaks the proxy of n1, and says what its clients saw and which addresses moved. */
export async function breakProxy(
  endings: Endings,
  { site, moves }: Pair,
  fault: string,
  { windowMs, hungMs }: { windowMs: number; hungMs: number },
): Promise<Trial> {
  await site.database('p1').ask('truncate writes');
  const sinceMs = performance.timeOrigin + performance.now();
  let faultMs = Infinity;
  const trial = await tryOut({
    ...{ endings, windowMs, hungMs },
    start: (part, wish) => startWrites(part, site, byProxy(site, 'n1'), wish),
    fault: async () => (faultMs = await faults[fault]!(site)),
    present: () => site.database('p1').contents(),
  });
  await pause(afterMs);
  const legitimate = { host: 'n2', address: proxyAddress(site.network, 'n1') };
  return { ...trial, illegitimate: illegitimate(moves.since(sinceMs), faultMs, legitimate) };
}
