import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LookupTable } from '../../src/contract/capabilities/files';
import { Filter } from '../../src/services/mover/filters';
import { makeNastyTree } from './nastyTree';
import { bareHosts, context, storeOf, type TwoHosts } from './twoHosts';
import { needs } from '../setup/needs';

const asRoot = needs('root');
const filters = { include: [], exclude: [] };
const lease = { target: 'test', epoch: 1 };

let hosts: TwoHosts;
beforeEach(async () => {
  hosts = await bareHosts();
});
afterEach(() => hosts.stop());

asRoot('a survey counts what there is, and names what cannot be kept', async () => {
  const { from } = hosts;
  makeNastyTree(join(from.root, 'item'));
  const counted = (what: string) =>
    Number(
      execFileSync('bash', ['-c', `find "$1" ${what} -print0 | tr -dc '\\0' | wc -c`, 'bash', join(from.root, 'item')]),
    );
  const { items, cannotKeep, unreadable, privileged } = await from.files.survey(
    { store: storeOf(from), filters },
    context(),
  );
  expect(items).toMatchObject([
    {
      item: 'item',
      files: counted('-type f'),
      directories: counted('-type d'),
      symlinks: counted('-type l'),
      special: counted('! -type f ! -type d ! -type l'),
      foreignOwners: counted('! -user 0'),
    },
  ]);
  expect([cannotKeep, unreadable, privileged]).toEqual([[], [], true]);
});

test('a lookup table is kept, and an older one is refused', async () => {
  const { files } = hosts.to;
  const table: LookupTable = { fileServer: 'files2', epoch: 3, state: 'loading', items: { home: 'fsvm1' }, roots: {} };
  expect((await files.readTable({ fileServer: 'files2' })).table).toBeNull();
  await files.writeTable({ table, lease });
  await files.writeTable({ table: { ...table, epoch: 4, state: 'serving' }, lease });
  await expect(files.writeTable({ table, lease })).rejects.toMatchObject({ code: 'StaleEpoch' });
  expect(await files.lookup({ fileServer: 'files2', item: 'home' })).toEqual({
    fsvm: 'fsvm1',
    state: 'serving',
    epoch: 4,
  });
  expect(await files.lookup({ fileServer: 'files2', item: 'away' })).toMatchObject({ fsvm: null });
});

test('freeze by commands of the owner, without a shell; a command that fails is told', async () => {
  const { files, root } = hosts.from;
  const store = storeOf(hosts.from);
  const marker = join(root, 'frozen $(id)');
  const by = { how: 'exec' as const, freeze: ['touch', marker], thaw: ['rm', marker] };
  expect(await files.freeze({ store, by, lease })).toMatchObject({ frozen: true });
  expect(await files.thaw({ store, by, lease })).toMatchObject({ frozen: false });
  await expect(files.thaw({ store, by, lease })).rejects.toMatchObject({ code: 'NotPermitted' });
});

asRoot('freeze by remount: nobody writes, twice is once, and thaw undoes it', async () => {
  const { files, root } = hosts.from;
  const store = storeOf(hosts.from);
  const by = { how: 'remount' as const };
  mkdirSync(join(root, 'item'));
  try {
    expect(await files.freeze({ store, by, lease })).toMatchObject({ frozen: true });
    expect(await files.freeze({ store, by, lease })).toMatchObject({ frozen: true });
    expect(() => writeFileSync(join(root, 'item/file'), 'x')).toThrow('EROFS');
  } finally {
    expect(await files.thaw({ store, by, lease })).toMatchObject({ frozen: false });
    expect(await files.thaw({ store, by, lease })).toMatchObject({ frozen: false });
  }
  writeFileSync(join(root, 'item/file'), 'x');
});

test('filters decide as git does', () => {
  const folder = join(hosts.folder, 'git');
  mkdirSync(folder);
  execFileSync('git', ['init', '-q'], { cwd: folder });
  const patterns = [
    '*.o',
    '!keep.o',
    '/top',
    'dir/',
    'a/**/z',
    '**/deep',
    'x/**',
    'f?o',
    '[ab]c',
    '[!ab]d',
    'sub/*.txt',
    '\\!odd',
    'tail\\ ',
  ];
  writeFileSync(join(folder, '.gitignore'), patterns.join('\n'));
  const paths =
    'a.o keep.o s/a.o top s/top dir dir/in a/z a/b/z a/b/c/z q/deep deep x x/y foo fo f/o ac cc ad cd sub/a.txt sub/s/b.txt !odd tail_'.split(
      ' ',
    );
  for (const path of paths) {
    const { status } = run('git', ['check-ignore', '-q', '--no-index', path], folder);
    expect([path, excludes(patterns, path)]).toEqual([path, status === 0]);
  }
});

/** As a walk does: nothing inside of what is left out is looked at. */
function excludes(exclude: string[], path: string): boolean {
  const filter = Filter.of({ include: [], exclude }, Buffer.from('item'));
  const parts = path.split('/');
  return parts.some((_, i) =>
    filter?.excludes(Buffer.from(`item/${parts.slice(0, i + 1).join('/')}`), i < parts.length - 1),
  );
}

function run(file: string, args: string[], cwd: string): { status: number } {
  try {
    execFileSync(file, args, { cwd, stdio: 'ignore' });
    return { status: 0 };
  } catch (error) {
    return { status: (error as { status: number }).status };
  }
}
