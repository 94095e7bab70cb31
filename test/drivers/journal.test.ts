import { appendFileSync, linkSync, mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { context, bareHosts, digestOf, send, storeOf, type TwoHosts } from './twoHosts';
import { needs } from '../setup/needs';

const asRoot = needs('root');

let hosts: TwoHosts;
const item = (path = '') => join(hosts.from.root, 'item', path);
beforeEach(async () => {
  hosts = await bareHosts();
  for (const folder of ['a/deep', 'b/deep', 'c']) mkdirSync(item(folder), { recursive: true });
  for (const file of ['a/1', 'a/deep/2', 'b/3', 'b/deep/4', 'c/5']) writeFileSync(item(file), file);
});
afterEach(() => hosts.stop());

async function expectSame(): Promise<void> {
  expect(await digestOf(hosts.to, ['item'])).toEqual(await digestOf(hosts.from, ['item']));
}

asRoot('with a journal, a pass costs what changed', async () => {
  const survey = await hosts.from.files.survey(
    { store: storeOf(hosts.from), filters: { include: [], exclude: [] } },
    context(),
  );
  expect(survey.journal).toBe(true);
  expect((await send(hosts, ['item'])).seen).toBe(11);
  expect((await send(hosts, ['item'])).seen).toBe(1);
  writeFileSync(item('a/deep/2'), 'changed');
  mkdirSync(item('c/new/er'), { recursive: true });
  writeFileSync(item('c/new/er/6'), 'new');
  const delta = await send(hosts, ['item']);
  expect(delta).toMatchObject({ files: 2, failed: 0 });
  expect(delta.seen).toBeLessThan(8);
  await expectSame();
  expect((await send(hosts, ['item'], { lookAtAll: true })).seen).toBe(14);
});

asRoot('moves, removals and links under a journal end the same', async () => {
  await send(hosts, ['item']);
  renameSync(item('a'), item('aside'));
  renameSync(item('b'), item('a'));
  await send(hosts, ['item']);
  await expectSame();
  rmSync(item('aside'), { recursive: true });
  linkSync(item('c/5'), item('a/deep/five'));
  await send(hosts, ['item']);
  await expectSame();
  writeFileSync(item('a/deep/five'), 'through the other name');
  await send(hosts, ['item']);
  await expectSame();
});

asRoot('what is appended in place under a journal is sent', async () => {
  await send(hosts, ['item']);
  appendFileSync(item('b/deep/4'), ' and more');
  expect(await send(hosts, ['item'])).toMatchObject({ files: 1, failed: 0 });
  await expectSame();
});

asRoot('a directory that is removed and made anew under a journal is looked at whole', async () => {
  await send(hosts, ['item']);
  rmSync(item('a'), { recursive: true });
  mkdirSync(item('a/deep'), { recursive: true });
  writeFileSync(item('a/deep/2'), 'another 2');
  await send(hosts, ['item']);
  await expectSame();
  rmSync(item(), { recursive: true });
  mkdirSync(item('a'), { recursive: true });
  writeFileSync(item('a/1'), 'another 1');
  await send(hosts, ['item']);
  await expectSame();
});

asRoot('after a restart of the mover the journal has a gap, and everything is looked at', async () => {
  await send(hosts, ['item']);
  hosts.from.killMover();
  writeFileSync(item('b/deep/4'), 'while nobody watched');
  const sent = await send(hosts, ['item']).catch(() => send(hosts, ['item']));
  expect(sent).toMatchObject({ seen: 11, files: 1 });
  await expectSame();
});
