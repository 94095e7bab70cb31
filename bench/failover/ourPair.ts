import type { AgentClient } from '../../src/agent/client';
import type { Endings } from '../../src/laboratory/endings';
import { pairOfLab as pair, proxyAddress } from '../../src/laboratory/failoverFleet';
import { until } from '../../src/laboratory/until';
import { atHome, breakProxy, openPair, type Pair } from './pair';
import { Standing, type Side } from './side';

/** Nothing that agents do takes longer; then it has failed. */
const windowMs = 15_000;

/** Agents that move addresses by themselves, beside the control plane that would hear of it. */
export function ourPair(endings: Endings, hungMs: number, say: (line: string) => void): Side {
  const standing = new Standing(endings, openOurs, say);
  return {
    name: 'ours',
    run: (fault) => standing.use((ours, part) => breakProxy(part, ours, fault, { windowMs, hungMs }), bringBack),
    close: () => standing.close(),
  };
}

/** One failover follows the other here: no cool-down. */
async function openOurs(endings: Endings): Promise<Pair> {
  const opened = await openPair(endings, { endpoint: false, proxiesEntry: { coolDown: '0s' } });
  await bringUp(opened);
  return opened;
}

/** Starts both proxies, and gives each node its address. */
export async function bringUp(opened: Pair): Promise<void> {
  const { site } = opened;
  for (const node of ['n1', 'n2']) {
    const { traffic } = site.agent(node);
    await traffic.startProxy({ pair, deadlineMs: 5_000 });
    await traffic.take({ pair, node, from: 0, lease: { target: `${pair}/${node}`, epoch: 1 } });
  }
  await settled(opened);
}

/** By hand, at the agents: a guard of the pair would wait ten seconds to be sure that the proxy is well. */
async function bringBack({ site, moves }: Pair): Promise<void> {
  await site.faults.mend('n1');
  // A node that was cut off finds out by itself that the other one took its address.
  await until('n1 has given its address up', () => !moves.has('n1', proxyAddress(site.network, 'n1')));
  const [home, away] = ['n1', 'n2'].map((host) => site.agent(host).traffic) as [Traffic, Traffic];
  await home.startProxy({ pair, deadlineMs: 5_000 });
  // Whoever does not see the other one yet would take its address again at once.
  await until('each proxy sees the other one answer', () => bothAnswer(site));
  const epochs = await Promise.all([home, away].map((traffic) => epochOf(traffic)));
  const lease = { target: `${pair}/n1`, epoch: Math.max(...epochs) + 1 };
  await away.release({ pair, node: 'n1', lease });
  await home.take({ pair, node: 'n1', from: epochs[0]!, lease });
  await settled({ site, moves });
}

type Traffic = AgentClient['traffic'];

async function epochOf(traffic: Traffic): Promise<number> {
  const { holders } = await traffic.holders({ pair });
  return holders.find(({ node }) => node === 'n1')?.epoch ?? 0;
}

/** Each has its own address, and each sees the other answer. */
const settled = ({ site, moves }: Pair) =>
  until('both proxies are well and at home', async () => atHome({ site, moves }) && (await bothAnswer(site)));

async function bothAnswer(site: Pair['site']): Promise<boolean> {
  const views = await Promise.all(
    ['n1', 'n2'].map((host) => site.agent(host).watch.look({ target: pair, after: -1, waitMs: 0 })),
  );
  return views.every(({ sights }) => Object.values(sights).every(({ says }) => says === 'answers'));
}
