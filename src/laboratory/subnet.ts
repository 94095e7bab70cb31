import { randomInt } from 'node:crypto';
import { outputOf, run } from './run';

/** From the addresses that RFC 2544 keeps for benchmarks; the benchmark's own links have those below. */
const [first, last] = [100, 255];

/**
 * Gives our end of a link an address in a network that no other laboratory of this machine has: the first three parts of
 * it. Two that choose the same in the same moment both see it, and both choose again.
 */
export async function claimSubnet(device: string): Promise<string> {
  for (;;) {
    const subnet = `198.18.${randomInt(first, last + 1)}`;
    if ((await holdersOf(subnet)) > 0) continue;
    await run('ip', 'address', 'add', `${subnet}.1/24`, 'dev', device);
    if ((await holdersOf(subnet)) === 1) return subnet;
    await run('ip', 'address', 'delete', `${subnet}.1/24`, 'dev', device);
  }
}

/** Links that are down are counted too. */
async function holdersOf(subnet: string): Promise<number> {
  const links = JSON.parse(await outputOf('ip', '-j', 'address')) as { addr_info: { local?: string }[] }[];
  return links.flatMap((link) => link.addr_info).filter(({ local }) => local?.startsWith(`${subnet}.`)).length;
}
