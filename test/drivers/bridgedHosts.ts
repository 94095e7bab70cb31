import { run } from '../../src/laboratory/run';
import type { Scene } from '../contract/agents';

/** From the addresses that RFC 2544 keeps for benchmarks; nothing outside of the namespaces sees them. */
export const lan = '198.19.77';

let last = 0;

/** Hosts in network namespaces of their own, each with eth0 on one switch in yet another: `<lan>.2`, `<lan>.3` and so on. */
export async function bridgedHosts(scene: Scene, count: number): Promise<string[]> {
  const tag = `ek${process.pid}b${++last}`;
  const add = async (namespace: string) => {
    await run('ip', 'netns', 'add', namespace);
    scene.onEnd(() => run('ip', 'netns', 'delete', namespace));
    await run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
    return namespace;
  };
  const within = (namespace: string, words: string) => run('ip', '-n', namespace, ...words.split(' '));
  const middle = await add(`${tag}sw`);
  await within(middle, 'link add switch up type bridge');
  const hosts: string[] = [];
  for (let index = 0; index < count; index++) {
    const host = await add(`${tag}h${index}`);
    await within(middle, `link add h${index} type veth peer name eth0 netns ${host}`);
    await within(middle, `link set h${index} up master switch`);
    await within(host, `address add ${lan}.${index + 2}/24 dev eth0`);
    await within(host, 'link set eth0 up');
    hosts.push(host);
  }
  return hosts;
}
