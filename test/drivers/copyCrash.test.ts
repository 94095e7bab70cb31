import { mkdirSync, readFileSync, readdirSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../setup/eventually';
import { rsyncDiffers } from './nastyTree';
import { bareHosts, context, digestOf, send, storeOf, type TwoHosts } from './twoHosts';

const MiB = 1024 * 1024;
const UNACKED = 3 * MiB; // batches on their way at this pace

let hosts: TwoHosts;
beforeEach(async () => {
  hosts = await bareHosts();
});
afterEach(() => hosts.stop());

function makeFiles(count: number, bytes: number): number {
  mkdirSync(join(hosts.from.root, 'item'));
  for (let i = 0; i < count; i++) writeFileSync(join(hosts.from.root, `item/f${i}`), Buffer.alloc(bytes, i));
  return count * bytes;
}
function storedBytes(): number {
  const folder = join(hosts.to.root, 'item');
  return readdirSync(folder).reduce((sum, name) => sum + statSync(join(folder, name)).blocks * 512, 0);
}
async function expectSame(): Promise<void> {
  expect(await digestOf(hosts.to, ['item'])).toEqual(await digestOf(hosts.from, ['item']));
  expect(rsyncDiffers(hosts.from.root, hosts.to.root)).not.toMatch(/item/);
}

test.each([
  ['many small files', 200, 100_000],
  ['one long file', 1, 20 * MiB],
])('%s: after kill -9 of the sender, only what was on its way is sent again', async (_what, count, bytes) => {
  const total = makeFiles(count, bytes);
  await hosts.from.copy.limit({ bytesPerSecond: 12 * MiB, lease: { target: 'test', epoch: 1 } });
  const first = send(hosts, ['item']);
  const ended = first.catch((error: unknown) => error);
  const before = await eventually(() => (storedBytes() > total / 3 ? storedBytes() : 0), { everyMs: 5 });
  hosts.from.killMover();
  expect(await ended).toMatchObject({ code: 'ServiceDied' });
  const second = await send(hosts, ['item']);
  expect(second.bytes).toBeLessThan(total - before + UNACKED);
  expect(second.failed).toBe(0);
  await expectSame();
});

test.each([
  ['many small files', 200, 100_000],
  ['one long file', 1, 20 * MiB],
])('%s: after kill -9 of the receiver, the same job goes on', async (_what, count, bytes) => {
  const total = makeFiles(count, bytes);
  await hosts.from.copy.limit({ bytesPerSecond: 12 * MiB, lease: { target: 'test', epoch: 1 } });
  const sending = send(hosts, ['item']);
  await eventually(() => storedBytes() > total / 3, { everyMs: 5 });
  hosts.to.killMover();
  expect(await sending).toMatchObject({ bytes: total, failed: 0 });
  await expectSame();
});

test('a stopped job ends at once, and the next one goes on from there', async () => {
  const total = makeFiles(100, 200_000);
  await hosts.from.copy.limit({ bytesPerSecond: 4 * MiB, lease: { target: 'test', epoch: 1 } });
  const stopper = new AbortController();
  const first = send(hosts, ['item'], {}, stopper.signal);
  await eventually(() => storedBytes() > total / 5, { everyMs: 5 });
  const before = performance.now();
  stopper.abort();
  await expect(first).rejects.toMatchObject({ code: 'JobCancelled' });
  expect(performance.now() - before).toBeLessThan(300);
  await hosts.from.copy.limit({ bytesPerSecond: 0, lease: { target: 'test', epoch: 1 } });
  const second = await send(hosts, ['item']);
  expect(second.bytes).toBeLessThan(total * 0.9);
  await expectSame();
});

test('a bound of the rate holds on after kill -9 of the sender', async () => {
  const total = makeFiles(40, 100_000);
  await hosts.from.copy.limit({ bytesPerSecond: 2 * MiB, lease: { target: 'test', epoch: 1 } });
  hosts.from.killMover();
  const began = performance.now();
  await send(hosts, ['item']).catch(() => send(hosts, ['item']));
  // A quarter of a second may go at once, and the last batch is not waited for.
  expect((performance.now() - began) / 1000).toBeGreaterThan((total - MiB) / (2 * MiB) - 0.5);
  await expectSame();
});

test('what took the place of an item that we stored is not overwritten and not removed', async () => {
  makeFiles(3, 1_000);
  await send(hosts, ['item']);
  const item = join(hosts.to.root, 'item');
  renameSync(item, join(hosts.to.root, 'aside')); // so that the next one gets another inode
  mkdirSync(item);
  writeFileSync(join(item, 'mine'), 'of somebody else');
  await expect(send(hosts, ['item'])).rejects.toMatchObject({ code: 'ItemsThere' });
  const lease = { target: 'test', epoch: 1 };
  expect(await hosts.to.copy.discard({ store: storeOf(hosts.to), items: ['item'], lease }, context())).toEqual({
    removed: 0,
    left: ['item'],
  });
  expect(readdirSync(item)).toEqual(['mine']);
});

test('nor is a file that took the place of one', async () => {
  writeFileSync(join(hosts.from.root, 'one.txt'), 'ours');
  await send(hosts, ['one.txt']);
  const file = join(hosts.to.root, 'one.txt');
  renameSync(file, join(hosts.to.root, 'aside'));
  writeFileSync(file, 'of somebody else');
  await expect(send(hosts, ['one.txt'])).rejects.toMatchObject({ code: 'ItemsThere' });
  const lease = { target: 'test', epoch: 1 };
  await hosts.to.copy.discard({ store: storeOf(hosts.to), items: ['one.txt'], lease }, context());
  expect(readFileSync(file, 'utf8')).toBe('of somebody else');
});

test('of the bounds of several targets the lowest holds', async () => {
  const { copy } = hosts.from;
  const limit = (target: string, bytesPerSecond: number) =>
    copy.limit({ bytesPerSecond, lease: { target, epoch: 1 } }).then((now) => now.bytesPerSecond);
  expect(await limit('a', 5 * MiB)).toBe(5 * MiB);
  expect(await limit('b', 9 * MiB)).toBe(5 * MiB);
  expect(await limit('a', 0)).toBe(9 * MiB);
  expect(await limit('b', 0)).toBe(0);
});

test('a file that changes while it is read arrives as it is in the end', async () => {
  makeFiles(1, 20 * MiB);
  await hosts.from.copy.limit({ bytesPerSecond: 30 * MiB, lease: { target: 'test', epoch: 1 } });
  const sending = send(hosts, ['item']);
  await eventually(() => storedBytes() > 5 * MiB, { everyMs: 5 });
  writeFileSync(join(hosts.from.root, 'item/f0'), Buffer.alloc(7 * MiB, 'z'));
  const sent = await sending;
  expect([1, 2]).toContain(sent.rereads); // the other write is of two parts: emptied, then filled
  await expectSame();
});

test('a wrong token is refused', async () => {
  const strangers = await bareHosts({ token: 'open' });
  try {
    mkdirSync(join(strangers.from.root, 'item'));
    await expect(send(strangers, ['item'])).rejects.toMatchObject({ code: 'Unauthenticated' });
  } finally {
    await strangers.stop();
  }
});
