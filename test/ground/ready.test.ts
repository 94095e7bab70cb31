import { execFile } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { packageRoot } from '../../src/stack/places';

const run = promisify(execFile);

/** A clone with one source file, whose packages are those of this one. */
let clone: string;
beforeEach(() => {
  clone = mkdtempSync(join(tmpdir(), 'evenkeel-clone-'));
  for (const path of ['bin', 'tools', 'package.json', 'package-lock.json', 'tsconfig.json']) {
    cpSync(join(packageRoot, path), join(clone, path), { recursive: true });
  }
  mkdirSync(join(clone, 'src', 'cli'), { recursive: true });
  source('main', "export const main = () => console.log('first');");
});
afterEach(() => rmSync(clone, { recursive: true, force: true }));

const source = (name: string, text: string): void => writeFileSync(join(clone, 'src', 'cli', `${name}.ts`), text);
const installPackages = (): void => symlinkSync(join(packageRoot, 'node_modules'), join(clone, 'node_modules'));

async function evenkeel(env: NodeJS.ProcessEnv = {}): Promise<{ stdout: string; stderr: string }> {
  const child = run(process.execPath, [join(clone, 'bin', 'evenkeel.js')], { env: { ...process.env, ...env } });
  return child.catch((error: { stdout: string; stderr: string }) => error);
}

test('EVENKEEL_SETUP=no says what is missing and does nothing', async () => {
  const { stdout, stderr } = await evenkeel({ EVENKEEL_SETUP: 'no' });
  expect(stdout).toBe('');
  expect(stderr).toMatchInlineSnapshot(`
   "evenkeel: not ready: node_modules is not what package-lock.json asks for: run \`npm ci\`; dist is older than src: run \`npm run build\`; the workflow bundle is older than src: run \`npm run build\` (and EVENKEEL_SETUP=no forbids doing it now)
   "
  `);
  expect(existsSync(join(clone, 'dist'))).toBe(false);
});

test('dist is built once, and again when a source changed; what lost its source goes', async () => {
  installPackages();
  source('old', 'export {};');
  expect((await evenkeel()).stdout).toBe('first\n');
  expect(await evenkeel()).toEqual({ stdout: 'first\n', stderr: '' });
  rmSync(join(clone, 'src', 'cli', 'old.ts'));
  source('main', "export const main = () => console.log('second');");
  expect((await evenkeel()).stdout).toBe('second\n');
  expect(existsSync(join(clone, 'dist', 'cli', 'old.js'))).toBe(false);
});

test('two at once: one builds, the other waits for it', async () => {
  installPackages();
  const both = await Promise.all([evenkeel(), evenkeel()]);
  expect(both.map(({ stdout }) => stdout)).toEqual(['first\n', 'first\n']);
  const said = both.map(({ stderr }) => stderr).join('');
  expect(said.match(/building dist/g)).toHaveLength(1);
});

test('the lock of a process that is gone is taken over', async () => {
  installPackages();
  const { pid } = await new Promise<{ pid: number }>((resolve) => {
    const child = execFile('true', () => resolve({ pid: child.pid ?? 0 }));
  });
  mkdirSync(join(clone, '.evenkeel'));
  writeFileSync(join(clone, '.evenkeel', 'setup.lock'), String(pid));
  expect((await evenkeel()).stdout).toBe('first\n');
  expect(existsSync(join(clone, '.evenkeel', 'setup.lock'))).toBe(false);
});

test('every optional package of every platform is in the lock file', async () => {
  const { stdout } = await run(process.execPath, [join(packageRoot, 'tools', 'lockfile.js'), '--check']);
  expect(stdout).toBe('complete\n');
});
