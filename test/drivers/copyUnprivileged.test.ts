import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bareHosts, digestOf, send, type TwoHosts } from './twoHosts';
import { needs } from '../setup/needs';

const NOBODY = 65534;
const asRoot = needs('root');

let hosts: TwoHosts;
const item = (path = '') => join(hosts.from.root, 'item', path);
const stored = (path = '') => join(hosts.to.root, 'item', path);
afterEach(() => hosts.stop());

asRoot('a target without root keeps what it can, and counts what it cannot', async () => {
  hosts = await bareHosts({ uid: NOBODY });
  mkdirSync(item('closed/deep/er'), { recursive: true });
  mkdirSync(item('readonly'));
  writeFileSync(item('closed/deep/er/file'), 'in a directory that nobody may enter');
  writeFileSync(item('readonly/file'), 'x', { mode: 0o400 });
  writeFileSync(item('readonly/shut'), 'x', { mode: 0o000 });
  writeFileSync(item('theirs'), 'owned by somebody');
  chownSync(item('theirs'), 1234, 1234);
  execFileSync('mkfifo', [item('fifo')]);
  chmodSync(item('readonly'), 0o555);
  chmodSync(item('closed/deep'), 0o000);
  const sent = await send(hosts, ['item']);
  expect(sent).toMatchObject({ failed: 0, special: 1, files: 4 });
  expect(sent.ownersNotSet).toBeGreaterThanOrEqual(9);
  expect(statSync(stored('closed/deep')).mode & 0o7777).toBe(0);
  expect(existsSync(stored('fifo'))).toBe(false);
  expect(await sidesDigest()).toBe(true);
  writeFileSync(item('closed/deep/er/second'), 'added later');
  writeFileSync(item('readonly/file'), 'changed');
  expect((await send(hosts, ['item'])).failed).toBe(0);
  expect(statSync(stored('closed/deep')).mode & 0o7777).toBe(0);
  expect(await sidesDigest()).toBe(true);
});

/** Both sides are looked at by root: the target's own mover may not enter what is closed. */
async function sidesDigest(): Promise<boolean> {
  const [from] = await digestOf(hosts.from, ['item'], false);
  const looker = { ...hosts.from, root: hosts.to.root };
  const [to] = await digestOf(looker, ['item'], false);
  return from === to;
}

asRoot('what the target cannot keep of an entry is listed', async () => {
  hosts = await bareHosts({ uid: NOBODY });
  mkdirSync(item());
  writeFileSync(item('capable'), 'x');
  execFileSync('setcap', ['cap_net_raw+ep', item('capable')]);
  expect(await send(hosts, ['item'])).toMatchObject({ failed: 1 });
  const { from, to } = hosts;
  const stores = {
    from: { fsvm: from.name, host: from.name, root: from.root },
    to: { fsvm: to.name, host: to.name, root: to.root },
  };
  const { failures, total } = await from.copy.failures({ ...stores, after: 0, limit: 10 });
  expect(total).toBe(1);
  expect(failures).toEqual([{ path: 'item/capable', phase: 'store', why: 'setxattr security.capability: EPERM' }]);
  execFileSync('setcap', ['-r', item('capable')]);
  expect(await send(hosts, ['item'])).toMatchObject({ failed: 0 });
  expect((await from.copy.failures({ ...stores, after: 0, limit: 10 })).total).toBe(0);
});
