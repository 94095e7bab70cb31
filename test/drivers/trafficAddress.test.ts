import { ProxiesEntry } from '../../src/contract/endpoints';
import { outputOf, run } from '../../src/laboratory/run';
import { Scene } from '../contract/agents';
import { needs } from '../setup/needs';
import { bridgedHosts, lan } from './bridgedHosts';
import { hostIn, type HostProcess } from './hostProcess';

const withKernel = needs('root', 'netns', 'ip', 'nft', 'macvlan');

const pair = 'orders';
const [one, two] = [`${lan}.11`, `${lan}.12`];
const node = (host: string, address: string, own: string, device = 'eth0') => ({
  ...{ host, address, own, device },
  console: `postgres://admin@${own}:6432/pgbouncer`,
});
const entry = ProxiesEntry.parse({
  nodes: { p1: node('a', one, `${lan}.2`), p2: node('b', two, `${lan}.3`) },
});
const lease = (epoch: number) => ({ target: pair, epoch });

describe('the addresses of a pair', () => {
  let scene: Scene;
  beforeEach(() => void (scene = new Scene()));
  afterEach(() => scene.close());

  /** Two hosts that serve, and a client beside them. */
  async function threeHosts() {
    const [atA = '', atB = '', atClient = ''] = await bridgedHosts(scene, 3);
    const a = hostIn(scene, atA, 'a', entry);
    const b = hostIn(scene, atB, 'b', entry);
    const client = hostIn(scene, atClient, 'a', entry);
    await Promise.all([a.serve({}), b.serve({})]);
    const greet = async () => (await client.greet({ address: one, deadlineMs: 500 })).from;
    /** The MAC that the client knows for an address. */
    const neighbour = async (address: string) => {
      const known = await outputOf('ip', '-n', atClient, '-j', 'neigh', 'show', address);
      return (JSON.parse(known) as { lladdr?: string }[])[0]?.lladdr;
    };
    return { a, b, atA, atB, greet, client, neighbour };
  }

  const take = (host: HostProcess, from: number, epoch: number) =>
    host.take({ pair, node: 'p1', from, lease: lease(epoch) });
  const release = (host: HostProcess, epoch: number) => host.release({ pair, node: 'p1', lease: lease(epoch) });

  withKernel('a host on which nothing was done holds nothing, and looking changes nothing', async () => {
    const { a, atA, greet } = await threeHosts();
    const nothing = [
      { node: 'p1', held: false, epoch: 0 },
      { node: 'p2', held: false, epoch: 0 },
    ];
    expect(await a.holders({ pair })).toEqual({ holders: nothing });
    expect(await outputOf('ip', '-n', atA, '-br', 'link', 'show', 'type', 'macvlan')).toBe('');
    await a.prepare();
    expect(await a.holders({ pair })).toEqual({ holders: nothing });
    expect(await greet()).not.toBe('a');
  });

  withKernel('a new connection goes to the other host, whose MAC for it is the same', async () => {
    const { a, b, greet, neighbour, client } = await threeHosts();
    expect(await take(a, 0, 1)).toEqual({ node: 'p1', held: true, epoch: 1 });
    expect(await greet()).toBe('a');
    const mac = await neighbour(one);
    const own = (await client.greet({ address: `${lan}.2`, deadlineMs: 500 })).from;
    expect(own).toBe('a');
    const macOfA = await neighbour(`${lan}.2`);
    expect(macOfA).not.toBe(mac);

    expect(await release(a, 2)).toEqual({ node: 'p1', held: false, epoch: 2 });
    expect(await greet()).not.toBe('a');
    expect(await take(b, 0, 2)).toEqual({ node: 'p1', held: true, epoch: 2 });
    expect(await greet()).toBe('b');
    expect(await neighbour(one)).toBe(mac);
    expect(await neighbour(`${lan}.2`)).toBe(macOfA);

    await release(b, 3);
    await take(a, 2, 3);
    expect(await greet()).toBe('a');
    expect(await neighbour(one)).toBe(mac);
  });

  withKernel('what is asked twice is done once, and what is older is refused', async () => {
    const [at = ''] = await bridgedHosts(scene, 1);
    const a = hostIn(scene, at, 'a', entry);
    await take(a, 0, 4);
    expect(await take(a, 0, 4)).toMatchObject({ held: true, epoch: 4 });
    await expect(release(a, 3)).rejects.toMatchObject({ code: 'StaleEpoch' });
    await expect(take(a, 0, 3)).rejects.toMatchObject({ code: 'StaleEpoch' });
    await expect(take(a, 3, 5)).rejects.toMatchObject({ code: 'EpochMoved' });
    expect(await release(a, 6)).toMatchObject({ held: false, epoch: 6 });
    expect(await release(a, 6)).toMatchObject({ held: false, epoch: 6 });
    await expect(take(a, 4, 5)).rejects.toMatchObject({ code: 'StaleEpoch' });
    expect(await take(a, 6, 7)).toMatchObject({ held: true, epoch: 7 });
  });

  withKernel('of forty that take it under epochs of their own, one wins', async () => {
    const [at = ''] = await bridgedHosts(scene, 1);
    const hosts = [hostIn(scene, at, 'a', entry), hostIn(scene, at, 'a', entry)];
    await take(hosts[0]!, 0, 1);
    await release(hosts[0]!, 2);
    const racers = Array.from({ length: 40 }, (_, index) => take(hosts[index % 2]!, 2, 3 + index));
    const results = await Promise.allSettled(racers);
    const won = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    const lost = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as { code: string }] : []));
    expect(won).toHaveLength(1);
    expect(lost.every(({ code }) => code === 'EpochMoved' || code === 'StaleEpoch')).toBe(true);
    expect((await hosts[0]!.holders({ pair })).holders[0]).toEqual(won[0]);
  });

  withKernel('an agent that starts again finds what it held, and a connection does not notice', async () => {
    const { a, atA, greet } = await threeHosts();
    await take(a, 0, 1);
    await greet();
    await a.kill();
    const again = hostIn(scene, atA, 'a', entry);
    expect((await again.holders({ pair })).holders[0]).toEqual({ node: 'p1', held: true, epoch: 1 });
    await again.serve({});
    expect(await greet()).toBe('a');
    await release(again, 2);
    expect(await greet()).not.toBe('a');
  });

  withKernel('it says why when there is no such device, and when somebody else has the address here', async () => {
    const [at = ''] = await bridgedHosts(scene, 1);
    const elsewhere = ProxiesEntry.parse({
      nodes: { p1: node('a', one, `${lan}.2`, 'eth7'), p2: node('b', two, `${lan}.3`) },
    });
    const wrong = hostIn(scene, at, 'a', elsewhere);
    await expect(take(wrong, 0, 1)).rejects.toMatchObject({ code: 'NotTaken' });
    await expect(take(wrong, 0, 1)).rejects.toThrow('there is no device eth7');
    await run('ip', '-n', at, 'address', 'add', `${one}/24`, 'dev', 'eth0');
    await expect(release(hostIn(scene, at, 'a', entry), 2)).rejects.toMatchObject({ code: 'NotGivenUp' });
  });

  withKernel('where no address can move, the node itself sends new connections to its peer', async () => {
    const [atA = '', atB = '', atClient = ''] = await bridgedHosts(scene, 3);
    const fixed = { ...entry, by: 'nftables' as const };
    const a = hostIn(scene, atA, 'a', fixed);
    const b = hostIn(scene, atB, 'b', fixed);
    const client = hostIn(scene, atClient, 'a', fixed);
    await run('ip', '-n', atA, 'address', 'add', `${one}/24`, 'dev', 'eth0');
    await Promise.all([a.serve({}), b.serve({})]);
    const from = async (host: HostProcess) => (await host.greet({ address: one, deadlineMs: 500 })).from;
    expect((await a.holders({ pair })).holders[0]).toEqual({ node: 'p1', held: true, epoch: 0 });
    expect(await from(client)).toBe('a');
    expect(await release(a, 1)).toEqual({ node: 'p1', held: false, epoch: 1 });
    expect(await take(b, 0, 1)).toEqual({ node: 'p1', held: true, epoch: 1 });
    expect([await from(client), await from(a)]).toEqual(['b', 'b']);
    expect((await client.greet({ address: `${lan}.2`, deadlineMs: 500 })).from).toBe('a');
    await run('ip', 'netns', 'exec', atA, 'nft', 'flush', 'ruleset');
    expect(await release(a, 1)).toEqual({ node: 'p1', held: false, epoch: 1 });
    expect(await from(client)).toBe('b');
    expect(await release(b, 2)).toEqual({ node: 'p1', held: false, epoch: 2 });
    expect(await take(a, 1, 2)).toEqual({ node: 'p1', held: true, epoch: 2 });
    expect([await from(client), await from(a)]).toEqual(['a', 'a']);
  });
});
