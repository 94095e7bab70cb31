import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
  linkSync,
} from 'node:fs';
import { join } from 'node:path';
import { makeNastyTree, makeSocket, rsyncDiffers } from './nastyTree';
import { context, digestOf, send, storeOf, type TwoHosts } from './twoHosts';
import { needs } from '../setup/needs';

const asRoot = needs('root');

/** What every driver of `copy` keeps its word on, bare or through HTTP. */
export function copyConformance(driver: string, start: () => Promise<TwoHosts>): void {
  describe(`copy: ${driver}`, () => {
    let hosts: TwoHosts;
    const item = (path = '') => join(hosts.from.root, 'item', path);
    const stored = (path = '') => join(hosts.to.root, 'item', path);

    beforeEach(async () => {
      hosts = await start();
      mkdirSync(item());
    });
    afterEach(() => hosts.stop());

    async function expectSame(items = ['item']): Promise<void> {
      expect(await digestOf(hosts.to, items)).toEqual(await digestOf(hosts.from, items));
      for (const one of items) {
        if (lstatSync(join(hosts.from.root, one)).isDirectory()) {
          expect(rsyncDiffers(join(hosts.from.root, one), join(hosts.to.root, one))).toBe('');
        }
      }
    }

    asRoot('a nasty tree arrives as it is, and a second pass sends nothing', async () => {
      makeNastyTree(item());
      await makeSocket(item('socket'));
      const first = await send(hosts, ['item']);
      expect(first).toMatchObject({ failed: 0, special: 1, rereads: 0, hardLinks: 3, ownersNotSet: 0 });
      await expectSame();
      const [from, to] = [statSync(item('holes')), statSync(stored('holes'))];
      expect(to.blocks * 512).toBeLessThan(from.blocks * 512 + 1024 * 1024);
      expect(statSync(stored('special/null')).rdev).toBe(statSync(item('special/null')).rdev);
      expect(statSync(stored('special/block')).rdev).toBe(statSync(item('special/block')).rdev);
      const second = await send(hosts, ['item']);
      expect(second).toMatchObject({
        files: 0,
        bytes: 0,
        directories: 0,
        symlinks: 0,
        hardLinks: 0,
        deleted: 0,
        failed: 0,
      });
    });

    test('files and symlinks are items too, and a missing one is refused', async () => {
      writeFileSync(join(hosts.from.root, 'file'), 'content');
      symlinkSync('item', join(hosts.from.root, 'link'));
      await send(hosts, ['file', 'link', 'item']);
      await expectSame(['file', 'link', 'item']);
      await expect(send(hosts, ['nothing'])).rejects.toMatchObject({ code: 'NotFound' });
    });

    test('a delta sends what changed, and removes what is gone', async () => {
      for (const folder of ['keep', 'gone/inner', 'turns']) mkdirSync(item(folder), { recursive: true });
      for (const file of ['keep/a', 'keep/b', 'gone/inner/c', 'turns/d', 'plain', 'same'])
        writeFileSync(item(file), file);
      await send(hosts, ['item']);
      writeFileSync(item('keep/a'), 'other content');
      writeFileSync(item('keep/new'), 'new');
      chmodSync(item('keep/b'), 0o600);
      rmSync(item('gone'), { recursive: true });
      rmSync(item('turns'), { recursive: true });
      writeFileSync(item('turns'), 'a file now');
      rmSync(item('plain'));
      mkdirSync(item('plain/deep'), { recursive: true });
      const delta = await send(hosts, ['item']);
      expect(delta).toMatchObject({ files: 3, deleted: 1, failed: 0 });
      expect(existsSync(stored('gone'))).toBe(false);
      await expectSame();
    });

    test('hard links hold over passes: names come, go and change together', async () => {
      mkdirSync(item('a'));
      mkdirSync(item('b'));
      writeFileSync(item('a/one'), 'linked');
      linkSync(item('a/one'), item('b/two'));
      await send(hosts, ['item']);
      await expectSame();
      linkSync(item('a/one'), item('b/three'));
      await send(hosts, ['item']);
      await expectSame();
      writeFileSync(item('b/two'), 'changed through another name');
      await send(hosts, ['item']);
      await expectSame();
      rmSync(item('a/one'));
      await send(hosts, ['item']);
      await expectSame();
      renameSync(item('b'), item('0-moved'));
      await send(hosts, ['item']);
      await expectSame();
      rmSync(item('0-moved/three'));
      writeFileSync(item('0-moved/three'), 'a file of its own');
      await send(hosts, ['item']);
      await expectSame();
    });

    test('names whose other links lie in another item are counted', async () => {
      mkdirSync(join(hosts.from.root, 'other'));
      writeFileSync(item('here'), 'x');
      linkSync(item('here'), join(hosts.from.root, 'other/there'));
      const sent = await send(hosts, ['item', 'other']);
      expect(sent).toMatchObject({ linksAcrossItems: 2, failed: 0 });
    });

    test('several lanes bring the same tree', async () => {
      for (let i = 0; i < 40; i++) {
        mkdirSync(item(`d${i}/e`), { recursive: true });
        for (let k = 0; k < 20; k++) writeFileSync(item(`d${i}/e/f${k}`), `${i} ${k}`.repeat(500));
        linkSync(item(`d${i}/e/f0`), item(`d${i}/link`));
      }
      writeFileSync(item('large'), Buffer.alloc(9 * 1024 * 1024, 'x'));
      const sent = await send(hosts, ['item'], { lanes: 4 });
      expect(sent.failed).toBe(0);
      await expectSame();
    });

    test('filters leave out, and what is left out is neither sent nor removed', async () => {
      for (const folder of ['cache', 'src/cache']) mkdirSync(item(folder), { recursive: true });
      for (const file of ['cache/a', 'src/cache/b', 'src/c.tmp', 'src/keep.tmp', 'src/d'])
        writeFileSync(item(file), file);
      const filters = { exclude: ['/cache/', '*.tmp'], include: ['keep.tmp'] };
      await send(hosts, ['item'], { filters });
      expect(existsSync(stored('cache'))).toBe(false);
      expect(existsSync(stored('src/c.tmp'))).toBe(false);
      expect(readFileSync(stored('src/keep.tmp'), 'utf8')).toBe('src/keep.tmp');
      expect(readFileSync(stored('src/cache/b'), 'utf8')).toBe('src/cache/b');
      writeFileSync(stored('src/own.tmp'), 'of the target');
      rmSync(item('src/d'));
      await send(hosts, ['item'], { filters });
      expect(existsSync(stored('src/own.tmp'))).toBe(true);
      expect(existsSync(stored('src/d'))).toBe(false);
    });

    test('an item that no copy of ours brought is refused, and stays as it is', async () => {
      mkdirSync(stored('old/inner'), { recursive: true });
      writeFileSync(stored('old/inner/file'), 'of somebody else');
      writeFileSync(item('file'), 'new');
      await expect(send(hosts, ['item'])).rejects.toMatchObject({ code: 'ItemsThere' });
      expect(existsSync(stored('old/inner/file'))).toBe(true);
      expect(existsSync(stored('file'))).toBe(false);
    });

    test('what an older copy left at the target is replaced, and what is not at the source goes', async () => {
      mkdirSync(item('old/inner'), { recursive: true });
      writeFileSync(item('old/inner/file'), 'old');
      mkdirSync(item('file'));
      await send(hosts, ['item']);
      rmSync(item('old/inner'), { recursive: true });
      rmSync(item('file'), { recursive: true });
      writeFileSync(item('file'), 'new');
      await send(hosts, ['item']);
      await expectSame();
    });

    test('a target that was removed, or a store made anew, is filled again', async () => {
      writeFileSync(item('file'), 'content');
      await send(hosts, ['item']);
      rmSync(stored(), { recursive: true });
      expect(await send(hosts, ['item'])).toMatchObject({ files: 1 });
      await expectSame();
      rmSync(hosts.to.root, { recursive: true });
      await expect(send(hosts, ['item'])).rejects.toMatchObject({ code: 'NotFound' });
      mkdirSync(hosts.to.root);
      expect(await send(hosts, ['item'])).toMatchObject({ files: 1 });
      await expectSame();
    });

    test('--paranoid reads everything again, and sends what the catalog did not know of', async () => {
      writeFileSync(item('file'), 'content');
      writeFileSync(item('large'), Buffer.alloc(2 * 1024 * 1024, 'y'));
      await send(hosts, ['item']);
      expect(await send(hosts, ['item'], { paranoid: true })).toMatchObject({ files: 0, bytes: 0, failed: 0 });
    });

    test('a path longer than PATH_MAX', async () => {
      const name = 'p'.repeat(250);
      const script = `cd "$1" && for i in $(seq 20); do mkdir ${name} && cd ${name} || exit 1; done; echo deep > file; ln file link`;
      execFileSync('bash', ['-c', script, 'bash', item()]);
      expect(await send(hosts, ['item'])).toMatchObject({ failed: 0, files: 1, hardLinks: 1 });
      expect(await digestOf(hosts.to, ['item'])).toEqual(await digestOf(hosts.from, ['item']));
      execFileSync('rm', ['-rf', item()]);
      mkdirSync(item());
      await send(hosts, ['item']);
      await expectSame();
    });

    test('a directory of several parts, which grows and shrinks', async () => {
      for (let i = 0; i < 1500; i++) writeFileSync(item(`f${i}`), `${i}`);
      await send(hosts, ['item']);
      await expectSame();
      for (let i = 1500; i < 2500; i++) writeFileSync(item(`f${i}`), `${i}`);
      rmSync(item('f7'));
      expect(await send(hosts, ['item'])).toMatchObject({ files: 1000, deleted: 1 });
      for (let i = 100; i < 2500; i++) rmSync(item(`f${i}`));
      expect(await send(hosts, ['item'])).toMatchObject({ files: 0, deleted: 2400 });
      await expectSame();
    });

    test('discard removes an item, forget makes the next pass look at everything', async () => {
      writeFileSync(item('file'), 'content');
      await send(hosts, ['item']);
      const lease = { target: 'test', epoch: 1 };
      await hosts.from.copy.forget({ from: storeOf(hosts.from), to: storeOf(hosts.to), items: ['item'], lease });
      expect(await send(hosts, ['item'])).toMatchObject({ files: 1 });
      expect((await hosts.to.files.list({ store: storeOf(hosts.to) })).items).toEqual([{ item: 'item', begun: true }]);
      expect(await hosts.to.copy.discard({ store: storeOf(hosts.to), items: ['item'], lease }, context())).toEqual({
        removed: 1,
        left: [],
      });
      expect(await hosts.to.copy.discard({ store: storeOf(hosts.to), items: ['item'], lease }, context())).toEqual({
        removed: 0,
        left: [],
      });
      expect(existsSync(stored())).toBe(false);
    });

    test('paths that lead out of the roots are refused', async () => {
      writeFileSync(item('file'), 'x');
      const out = { fsvm: 'x', host: 'new', root: '/etc' };
      await expect(send(hosts, ['item'], { to: out })).rejects.toMatchObject({ code: 'OutsideRoots' });
      await expect(send(hosts, ['../etc'])).rejects.toMatchObject({ code: 'BadInput' });
      symlinkSync('/etc', join(hosts.to.root, 'way-out'));
      const escape = { fsvm: 'x', host: 'new', root: join(hosts.to.root, 'way-out') };
      await expect(send(hosts, ['item'], { to: escape })).rejects.toMatchObject({ code: 'OutsideRoots' });
    });

    test('a symlink in the place of a directory is not followed', async () => {
      mkdirSync(item('folder'));
      writeFileSync(item('folder/file'), 'x');
      await send(hosts, ['item']);
      const outside = join(hosts.folder, 'outside');
      mkdirSync(outside);
      rmSync(stored('folder'), { recursive: true });
      symlinkSync(outside, stored('folder'));
      writeFileSync(item('folder/second'), 'y');
      expect((await send(hosts, ['item'])).failed).toBeGreaterThan(0);
      expect(existsSync(join(outside, 'second'))).toBe(false);
    });
  });
}
