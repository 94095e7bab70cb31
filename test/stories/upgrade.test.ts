import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { version } from '../../src/agent/version';
import { packageRoot } from '../../src/stack/places';
import { readStack, writeStack, type StackState } from '../../src/stack/stackState';
import { eventually } from '../setup/eventually';
import { Laboratory } from '../setup/laboratory';

const run = promisify(execFile);
let lab: Laboratory;
let folder: string;
beforeAll(async () => {
  lab = await Laboratory.open({ ownTemporal: true });
  folder = join(lab.folder, 'state');
}, 60_000);
afterAll(() => lab?.close());

const evenkeel = async (...words: string[]) =>
  (await run(process.execPath, [join(packageRoot, 'bin', 'evenkeel.js'), ...words], { env: process.env })).stdout;
const state = (): StackState => readStack(folder)!;
const pids = () => Object.fromEntries(Object.entries(state().parts).map(([name, { pid }]) => [name, pid]));

/** As after `git pull`: what runs was started from another build. */
function makeOld(): void {
  const old = state();
  for (const part of Object.values(old.parts)) part.build = 'older';
  writeStack(folder, old);
}

test('what runs this build is left alone', async () => {
  const before = pids();
  const said = await evenkeel('upgrade');
  expect(said).toContain('All that runs here runs this build already.');
  expect(said).toMatch(new RegExp(`agent of old-1 +${version} +the same version\\n`));
  expect(said).toMatch(new RegExp(`worker/\\d+@\\S+ +${version} +the same version\\n`));
  expect(said).toMatch(new RegExp(`API +${version} +the same version\\n`));
  expect(pids()).toEqual(before);
}, 60_000);

test('a run goes on through an upgrade: every part is replaced, Temporal is kept', async () => {
  const pair = lab.pair().fill(['accounts', 'photos']).mend();
  const id = await pair.start({ bandwidth: 200_000 });
  await eventually(() => pair.stored().length > 0);
  makeOld();
  const before = pids();
  const would = await evenkeel('upgrade', '--dry-run');
  expect(would.split('\n').filter((line) => / {2}\d\. /.test(line))).toMatchInlineSnapshot(`
   [
     "  1. stop the worker: runs wait, jobs go on at their agents",
     "  2. replace agent-new-1: its jobs go on from its journal",
     "  3. replace agent-new-2: its jobs go on from its journal",
     "  4. replace agent-old-1: its jobs go on from its journal",
     "  5. replace agent-old-2: its jobs go on from its journal",
     "  6. replace the API",
     "  7. start the worker: runs go on where they were",
   ]
  `);
  expect(would).toContain('the same version, an earlier build');
  expect(pids()).toEqual(before);
  await evenkeel('upgrade');
  const { temporal, ...after } = pids();
  expect(temporal).toBe(before['temporal']);
  expect(Object.entries(after).filter(([name, pid]) => pid === before[name])).toEqual([]);
  await lab.operator.tune(id, 'ann', { bandwidth: 0 });
  const done = await pair.until(id, 'ended');
  expect([done.phase, done.failure]).toEqual(['done', undefined]);
  expect(done.report!.result).toMatchObject({ items: 4, verifiedItems: 4, failedFiles: 0 });
}, 120_000);
