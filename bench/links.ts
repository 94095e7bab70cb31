import type { Endings } from '../src/laboratory/endings';
import { run } from '../src/laboratory/run';

/** Two hosts with nothing between them but one bounded link. */
export interface Link {
  source: LinkedHost;
  target: LinkedHost;
  /** Where the source is called from outside, over a link that nothing bounds. */
  control: string;
}

export interface LinkedHost {
  namespace: string;
  /** Its end of the bounded link. */
  address: string;
}

/** How much a bounded link may hold back before it drops, and send at once. */
const tbf = ['burst', '256kb', 'latency', '50ms'];

/**
 * Pairs of network namespaces, each pair joined by a link of its own that tbf bounds in both directions. No bridge and no
 * routes: a firewall of this machine has no say in it. Addresses are those that RFC 2544 keeps for benchmarks.
 */
export async function makeLinks(endings: Endings, pairs: number, mbitPerSecond: number): Promise<Link[]> {
  const links: Link[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const source = { namespace: `ek${process.pid}s${pair}`, address: `198.19.${pair}.1` };
    const target = { namespace: `ek${process.pid}t${pair}`, address: `198.19.${pair}.2` };
    for (const { namespace } of [source, target]) await makeHost(endings, namespace);
    await join(source, target, mbitPerSecond);
    links.push({ source, target, control: await reach(source, `198.18.${pair}`) });
  }
  return links;
}

async function makeHost(endings: Endings, namespace: string): Promise<void> {
  await run('ip', 'netns', 'add', namespace);
  endings.add(() => run('ip', 'netns', 'delete', namespace));
  await run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
}

async function join(source: LinkedHost, target: LinkedHost, mbitPerSecond: number): Promise<void> {
  const there = ['peer', 'name', 'data', 'netns', target.namespace];
  await run('ip', '-n', source.namespace, 'link', 'add', 'data', 'type', 'veth', ...there);
  for (const { namespace, address } of [source, target]) {
    await run('ip', '-n', namespace, 'address', 'add', `${address}/24`, 'dev', 'data');
    await run('ip', '-n', namespace, 'link', 'set', 'data', 'up');
    const rate = ['rate', `${mbitPerSecond}mbit`, ...tbf];
    await run('tc', '-n', namespace, 'qdisc', 'add', 'dev', 'data', 'root', 'tbf', ...rate);
  }
}

/** Our own end of it goes with the namespace. */
async function reach({ namespace }: LinkedHost, network: string): Promise<string> {
  const ours = `${namespace}c`;
  await run('ip', 'link', 'add', ours, 'type', 'veth', 'peer', 'name', 'control', 'netns', namespace);
  await run('ip', 'address', 'add', `${network}.1/24`, 'dev', ours);
  await run('ip', 'link', 'set', ours, 'up');
  await run('ip', '-n', namespace, 'address', 'add', `${network}.2/24`, 'dev', 'control');
  await run('ip', '-n', namespace, 'link', 'set', 'control', 'up');
  return `${network}.2`;
}
