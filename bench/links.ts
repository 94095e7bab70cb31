import type { Endings } from './endings';
import { run } from './programs';

/** A link between two hosts that stands apart from all else, and a way to call both from outside. */
export interface Link {
  source: LinkedHost;
  target: LinkedHost;
}

export interface LinkedHost {
  namespace: string;
  /** Where it is called from outside, over an unbounded link. */
  control: string;
  /** Its end of the bounded link. */
  data: string;
}

/** How much a bounded link may hold back before it drops, and send at once. */
const tbf = ['burst', '256kb', 'latency', '50ms'];

/**
 * Pairs of network namespaces, each pair joined by a link of its own that tbf bounds in both directions, and all of them
 * joined to us by a bridge that nothing bounds. Addresses are those that RFC 2544 keeps for benchmarks.
 */
export async function makeLinks(endings: Endings, pairs: number, mbitPerSecond: number): Promise<Link[]> {
  const prefix = `ek${process.pid}`;
  const bridge = `${prefix}b`;
  await run('ip', 'link', 'add', bridge, 'type', 'bridge');
  endings.add(() => run('ip', 'link', 'delete', bridge));
  await run('ip', 'address', 'add', '198.18.0.1/24', 'dev', bridge);
  await run('ip', 'link', 'set', bridge, 'up');
  const links: Link[] = [];
  for (let pair = 0; pair < pairs; pair++) {
    const source = hostOf(`${prefix}s${pair}`, 10 + 2 * pair, `198.19.${pair}.1`);
    const target = hostOf(`${prefix}t${pair}`, 11 + 2 * pair, `198.19.${pair}.2`);
    for (const host of [source, target]) await makeHost(endings, host, bridge);
    await join(source, target, mbitPerSecond);
    links.push({ source, target });
  }
  return links;
}

const hostOf = (namespace: string, number: number, data: string): LinkedHost => ({
  namespace,
  control: `198.18.0.${number}`,
  data,
});

async function makeHost(endings: Endings, { namespace, control }: LinkedHost, bridge: string): Promise<void> {
  await run('ip', 'netns', 'add', namespace);
  endings.add(() => run('ip', 'netns', 'delete', namespace));
  const outside = `${namespace}c`;
  await run('ip', 'link', 'add', outside, 'type', 'veth', 'peer', 'name', 'control', 'netns', namespace);
  await run('ip', 'link', 'set', outside, 'master', bridge, 'up');
  await run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
  await up(namespace, 'control', `${control}/24`);
}

async function join(source: LinkedHost, target: LinkedHost, mbitPerSecond: number): Promise<void> {
  const there = ['peer', 'name', 'data', 'netns', target.namespace];
  await run('ip', '-n', source.namespace, 'link', 'add', 'data', 'type', 'veth', ...there);
  for (const { namespace, data } of [source, target]) {
    await up(namespace, 'data', `${data}/24`);
    const rate = ['rate', `${mbitPerSecond}mbit`, ...tbf];
    await run('tc', '-n', namespace, 'qdisc', 'add', 'dev', 'data', 'root', 'tbf', ...rate);
  }
}

async function up(namespace: string, device: string, address: string): Promise<void> {
  await run('ip', '-n', namespace, 'address', 'add', address, 'dev', device);
  await run('ip', '-n', namespace, 'link', 'set', device, 'up');
}
