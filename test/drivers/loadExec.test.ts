import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Scene } from '../contract/agents';
import { eventually } from '../setup/eventually';
import { agentLoad, bareLoad, folderIn, type Entries, type Load } from './loadScene';
import { resizerSuite, type ResizerLab } from './loadResizers';

const lease = { target: 'it', epoch: 1 };

function script(folder: string, name: string, body: string): string {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
  return file;
}

async function openExec(
  scene: Scene,
  start: (root: string, entries: Entries) => Load | Promise<Load>,
): Promise<ResizerLab> {
  const folder = folderIn(scene, 'with a space; $(id)');
  const size = join(folder, 'size');
  writeFileSync(size, '3\n');
  const set = script(folder, 'set', 'printf "%s\\n" "$2" > "$1"');
  const resize = { by: 'exec', set: [set, size, '{size}'], read: ['cat', size], unit: 'workers' };
  const gone = { by: 'exec', set: ['/nowhere/set', '{size}'], read: ['/nowhere/read'] };
  const load = await start(folder, { it: { resize }, gone: { resize: gone } });
  const truth = () => Number(readFileSync(size, 'utf8'));
  return { load, unit: 'workers', min: 1, max: 9, sizes: [5, 2.5], truth, whole: false };
}

resizerSuite('exec', test, (scene) => openExec(scene, (root, entries) => bareLoad([root], entries)));
resizerSuite('exec, through an agent', test, (scene) =>
  openExec(scene, (root, entries) => agentLoad(scene, [root], entries)),
);

describe('a command that resizes', () => {
  let scene: Scene;
  let folder: string;
  beforeEach(() => {
    scene = new Scene();
    folder = folderIn(scene, 'commands');
  });
  afterEach(() => scene.close());

  const loadOf = (set: string[], read: string[], more: object = {}) =>
    bareLoad([], { it: { resize: { by: 'exec', set, read, ...more } } }, { settleMs: 300 });
  const resize = (load: Load, size = 2) => load.resize({ object: 'it', size, lease, because: 'the forecast says 2' });

  test('gets its words as they are, and nothing of them is a shell’s', async () => {
    const out = join(folder, 'out');
    const set = script(folder, 'set', `printf '%s|' "$@" > '${out}'`);
    const load = loadOf([set, '$(id)', '; rm -rf {size}', '`{size}`', '--n={size}'], ['cat', join(folder, 'size')]);
    writeFileSync(join(folder, 'size'), '1');
    await expect(resize(load)).rejects.toMatchObject({ code: 'NotResized' });
    expect(readFileSync(out, 'utf8')).toBe('$(id)|; rm -rf 2|`2`|--n=2|');
  });

  test('knows object and reason, and none of the agent’s secrets', async () => {
    const out = join(folder, 'out');
    process.env['EVENKEEL_TOKEN_OF_TEST'] = 'secret';
    const set = script(folder, 'set', `env > '${out}'; echo 2 > '${join(folder, 'size')}'`);
    const load = loadOf([set, '{size}'], ['cat', join(folder, 'size')]);
    writeFileSync(join(folder, 'size'), '1');
    await resize(load);
    delete process.env['EVENKEEL_TOKEN_OF_TEST'];
    const seen = readFileSync(out, 'utf8');
    expect(seen).toContain('EVENKEEL_OBJECT=it');
    expect(seen).toContain('EVENKEEL_BECAUSE=the forecast says 2');
    expect(seen).not.toContain('secret');
  });

  test('says why it failed; one that prints no number is not taken for zero', async () => {
    const fails = script(folder, 'fails', 'echo "quota is used up" >&2; exit 3');
    await expect(resize(loadOf([fails, '{size}'], ['echo', '1']))).rejects.toThrow('quota is used up');
    for (const read of [['echo', 'many'], ['true'], ['echo', 'NaN']])
      await expect(loadOf(['true', '{size}'], read).readSize({ object: 'it' })).rejects.toMatchObject({
        code: 'SaidNo',
      });
  });

  test('is ended with all its children when it takes too long', async () => {
    const pid = join(folder, 'pid');
    const hangs = script(folder, 'hangs', `sleep 600 & echo $! > '${pid}'; wait`);
    const load = loadOf([hangs, '{size}'], ['echo', '1'], { timeoutSeconds: 0.5 });
    await expect(resize(load)).rejects.toMatchObject({ code: 'NoAnswer' });
    const child = Number(readFileSync(pid, 'utf8'));
    await eventually(() => isGone(child));
  });

  test('that has no effect is told as such, with what it is', async () => {
    await expect(resize(loadOf(['true', '{size}'], ['echo', '1']))).rejects.toMatchObject({
      code: 'NotResized',
      facts: { wanted: 2, size: 1 },
    });
  });

  test('an object without `resize` is not resized', async () => {
    await expect(resize(bareLoad([], { it: {} }))).rejects.toMatchObject({ code: 'NotPermitted' });
  });

  test('a stale run resizes nothing: its agent refuses its epoch', async () => {
    const size = join(folder, 'size');
    writeFileSync(size, '1');
    const set = script(folder, 'set', 'echo "$2" > "$1"');
    const resizing = { by: 'exec', set: [set, size, '{size}'], read: ['cat', size] };
    const load = await agentLoad(scene, [], { it: { resize: resizing } });
    const under = (epoch: number, to: number) =>
      load.resize({ object: 'it', size: to, lease: { target: 'it', epoch }, because: 'a test' });
    expect(await under(2, 4)).toMatchObject({ size: 4 });
    await expect(under(1, 8)).rejects.toMatchObject({ code: 'StaleEpoch' });
    expect(readFileSync(size, 'utf8')).toBe('4\n');
  });
});

function isGone(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return true;
  }
}
