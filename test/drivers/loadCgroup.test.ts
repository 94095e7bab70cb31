import { mkdirSync, mkdtempSync, readFileSync, rmdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { needs } from '../setup/needs';
import { bareLoad, folderIn, startProgram } from './loadScene';
import { resizerSuite, type ResizerLab } from './loadResizers';

const MiB = 1024 ** 2;
const lease = { target: 'it', epoch: 1 };

/** A group of its own, gone with the scene. */
function group(scene: Scene, parent: string): string {
  const folder = mkdtempSync(join(parent, 'evenkeel-test-'));
  scene.onEnd(() => eventually(() => (rmdirSync(folder), true))); // a process that just ended is in it for a moment
  return folder;
}

const number = (...path: string[]) => Number(readFileSync(join(...path), 'utf8').trim());

function openGroup(folder: string, what: 'cpu' | 'memory', truth: () => number): ResizerLab {
  const resize = (path: string) => ({ by: 'cgroup', path, what });
  const [min, max] = what === 'cpu' ? [0.05, 4] : [4 * MiB, 512 * MiB];
  const load = bareLoad([folder], {
    it: { resize: resize(folder), min, max },
    gone: { resize: resize(join(folder, 'none')), min: 0, max },
  });
  const sizes: [number, number] = what === 'cpu' ? [0.2, 1.5] : [64 * MiB, 128 * MiB];
  return { load, unit: what === 'cpu' ? 'cores' : 'bytes', min, max, sizes, truth, whole: false };
}

const asVersion1 = needs('cgroup1');
resizerSuite('cgroup, version 1, cpu', asVersion1, (scene) => {
  const folder = group(scene, '/sys/fs/cgroup/cpu');
  writeFileSync(join(folder, 'cpu.cfs_quota_us'), '300000');
  return openGroup(folder, 'cpu', () => number(folder, 'cpu.cfs_quota_us') / number(folder, 'cpu.cfs_period_us'));
});
resizerSuite('cgroup, version 1, memory', asVersion1, (scene) => {
  const folder = group(scene, '/sys/fs/cgroup/memory');
  writeFileSync(join(folder, 'memory.limit_in_bytes'), String(256 * MiB));
  return openGroup(folder, 'memory', () => number(folder, 'memory.limit_in_bytes'));
});

const asVersion2 = needs('cgroup2');
resizerSuite('cgroup, version 2, cpu', asVersion2, (scene) => {
  const folder = group(scene, '/sys/fs/cgroup');
  writeFileSync(join(folder, 'cpu.max'), '300000 100000');
  return openGroup(folder, 'cpu', () => Number(readFileSync(join(folder, 'cpu.max'), 'utf8').split(' ')[0]) / 100_000);
});
resizerSuite('cgroup, version 2, memory', asVersion2, (scene) => {
  const folder = group(scene, '/sys/fs/cgroup');
  writeFileSync(join(folder, 'memory.max'), String(256 * MiB));
  return openGroup(folder, 'memory', () => number(folder, 'memory.max'));
});

/** The files of version 2 as they look, where this machine has none: their form is checked, the kernel is not. */
function likeVersion2(scene: Scene): string {
  const folder = folderIn(scene, 'group');
  const files = { 'cpu.max': '300000 100000\n', 'memory.max': `${256 * MiB}\n`, 'memory.current': `${80 * MiB}\n` };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  writeFileSync(join(folder, 'memory.stat'), `anon ${60 * MiB}\nfile ${20 * MiB}\nkernel 0\n`);
  return folder;
}
resizerSuite('cgroup, files like those of version 2, cpu', test, (scene) => {
  const folder = likeVersion2(scene);
  const first = () => readFileSync(join(folder, 'cpu.max'), 'utf8').split(' ')[0];
  return openGroup(folder, 'cpu', () => Number(first()) / 100_000);
});
resizerSuite('cgroup, files like those of version 2, memory', test, (scene) => {
  const folder = likeVersion2(scene);
  return openGroup(folder, 'memory', () => number(folder, 'memory.max'));
});

describe('a control group', () => {
  let scene: Scene;
  beforeEach(() => void (scene = new Scene()));
  afterEach(() => scene.close());

  asVersion1('really is held to its size', async () => {
    const folder = group(scene, '/sys/fs/cgroup/cpu');
    const busy = startProgram(scene, ['sh', '-c', 'while :; do :; done']);
    writeFileSync(join(folder, 'tasks'), String(busy.pid));
    const { load } = openGroup(folder, 'cpu', () => 0);
    expect(await load.readSize({ object: 'it' })).toMatchObject({ size: null });
    expect(await load.resize({ object: 'it', size: 0.1, lease, because: 'a test' })).toMatchObject({
      was: null,
      size: 0.1,
    });
    await eventually(() => /nr_throttled [1-9]\d/.test(readFileSync(join(folder, 'cpu.stat'), 'utf8')));
  });

  test('of version 2 is not shrunk below what it uses: Linux would kill for it', async () => {
    const { load } = openGroup(likeVersion2(scene), 'memory', () => 0);
    await expect(load.resize({ object: 'it', size: 32 * MiB, lease, because: 'x' })).rejects.toMatchObject({
      code: 'SaidNo',
      message: expect.stringContaining('would be killed') as string,
    });
    expect((await load.readSize({ object: 'it' })).size).toBe(256 * MiB);
  });

  test('outside the roots, or without that limit, is refused', async () => {
    const root = folderIn(scene, 'root');
    mkdirSync(join(root, 'empty'));
    const away = folderIn(scene, 'away');
    symlinkSync(away, join(root, 'link'));
    const resize = (path: string) => ({ resize: { by: 'cgroup', path, what: 'cpu' } });
    const load = bareLoad([root], { link: resize(join(root, 'link')), empty: resize(join(root, 'empty')) });
    await expect(load.readSize({ object: 'link' })).rejects.toMatchObject({ code: 'OutsideRoots' });
    await expect(load.readSize({ object: 'empty' })).rejects.toMatchObject({ code: 'NotPermitted' });
  });
});
