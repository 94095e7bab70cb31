import { iptables } from '../../src/drivers/traffic/iptables';
import { nftables } from '../../src/drivers/traffic/nftables';
import { synPacket } from '../../src/services/packets/segment';
import { needs } from '../setup/needs';
import { at, close, open, TrafficScene, type By } from './trafficScene';

const run = needs('root', 'netns', 'ip', 'nft', 'iptables', 'conntrack');

let scene: TrafficScene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

async function opened(by: By): Promise<TrafficScene> {
  scene = new TrafficScene(by);
  await scene.open();
  return scene;
}

run.each(['nftables', 'iptables'] as const)('%s changes nothing of a route that is not what was seen', async (by) => {
  const { ground } = await opened(by);
  const table = { nftables, iptables }[by](ground);
  scene?.onEnd(() => table.stop());
  const absent = await table.read(5000);
  const first = { epoch: 1, to: at('one'), rejected: [] };
  expect(await table.swap(5000, absent, first)).toBeUndefined();
  expect(await table.swap(5000, absent, { ...first, epoch: 2 })).toEqual(expect.any(String));
  // Closed and opened again under its own epoch: who saw it closed must not take it for closed.
  const closed = { epoch: 1, rejected: [] };
  expect(await table.swap(5000, closed, { epoch: 2, rejected: ['198.18.81.9'] })).toEqual(expect.any(String));
  expect(await table.read(5000)).toEqual(first);
  expect(await table.read(5001)).toEqual({ epoch: 0, rejected: [] });
});

run('of 40 that saw the same route the kernel lets one change it, and the first of a port as well', async () => {
  const { ground } = await opened('nftables');
  const tables = Array.from({ length: 8 }, () => nftables(ground));
  for (const table of tables) scene?.onEnd(() => table.stop());
  for (let round = 0; round < 5; round++) {
    const was = await tables[0]!.read(5000);
    const wanted = Array.from({ length: 40 }, (_, number) => ({
      epoch: was.epoch + 1 + number,
      to: { address: `198.18.82.${number + 1}`, port: 5432 },
      rejected: was.to ? [was.to.address] : [],
    }));
    const complaints = await Promise.all(
      wanted.map((next, number) => tables[number % tables.length]!.swap(5000, was, next)),
    );
    const winners = wanted.filter((_, number) => complaints[number] === undefined);
    expect(winners).toHaveLength(1);
    expect(await tables[7]!.read(5000)).toMatchObject({ epoch: winners[0]!.epoch, to: winners[0]!.to });
  }
});

run('nft that dies is started again, and the route stays', async () => {
  const driver = await (await opened('nftables')).bareTraffic();
  const route = await driver.open(open(1, 'one'));
  scene?.kill('nft');
  const again = () => driver.routes({ endpoint: 'orders' });
  const first = await again().catch((error: unknown) => error);
  if (first instanceof Error) expect(first).toMatchObject({ code: 'ServiceDied', retry: true });
  expect(await again()).toEqual(route);
  expect(await driver.close(close(1, 2))).toMatchObject({ state: 'closed', epoch: 2 });
});

run('when somebody flushed all tables the route is absent, and can be opened anew', async () => {
  const driver = await (await opened('nftables')).bareTraffic();
  await driver.open(open(4, 'one'));
  scene?.onForwarder('nft', 'flush', 'ruleset');
  expect(await driver.routes({ endpoint: 'orders' })).toMatchObject({ state: 'absent', epoch: 0 });
  expect(await driver.open(open(5, 'two'))).toMatchObject({ state: 'open', epoch: 5 });
  expect(await scene?.ask()).toMatchObject({ by: 'two' });
});

run('endpoints of one forwarder do not disturb each other', async () => {
  const driver = await (await opened('nftables')).bareTraffic();
  const other = await scene!.bareTraffic({ port: 5001 });
  await driver.open(open(1, 'one'));
  await other.open(open(1, 'one'));
  await driver.close(close(1, 2));
  expect(await other.routes({ endpoint: 'orders' })).toMatchObject({ state: 'open', epoch: 1, rejected: [] });
  expect(await scene!.ask()).toMatchObject({ error: 'ECONNREFUSED' });
  expect(await scene!.clients.get('outside')!.ask(5001)).toMatchObject({ by: 'one' });
});

test('a segment that provokes bears the checksum of RFC 9293', () => {
  const packet = synPacket({ address: '10.0.0.1', port: 5000 }, { address: '10.0.0.2', port: 40_000 });
  const words = Buffer.concat([packet.subarray(12, 20), Buffer.from([0, 6, 0, 20]), packet.subarray(20)]);
  let sum = 0;
  for (let i = 0; i < words.length; i += 2) sum += words.readUInt16BE(i);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  expect(sum).toBe(0xffff); // a sum that includes the checksum is all ones
  expect(packet.subarray(20, 24).toString('hex')).toBe('13889c40');
});
