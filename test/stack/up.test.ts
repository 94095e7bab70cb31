import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isRunning } from '../../src/services/processes';
import { packageRoot } from '../../src/stack/places';
import { readStack, type StackState } from '../../src/stack/stackState';

const run = promisify(execFile);
const minute = 60_000;

let folder: string;
let stateDir: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'evenkeel-up-'));
  stateDir = join(folder, 'state');
});
afterAll(async () => {
  await evenkeel('down', '--wipe');
  rmSync(folder, { recursive: true, force: true });
}, minute);

/** The command line in a directory of its own, beside the Temporal of the suite: the stack starts its own. */
const evenkeel = (...args: string[]) => {
  const { TEMPORAL_ADDRESS: _, EVENKEEL_FLEET: __, ...env } = process.env;
  const options = { cwd: folder, env: { ...env, EVENKEEL_STATE: stateDir } };
  return run(process.execPath, [join(packageRoot, 'bin', 'evenkeel.js'), ...args], options);
};

const state = (): StackState => readStack(stateDir)!;
const pids = () => Object.fromEntries(Object.entries(state().parts).map(([name, { pid }]) => [name, pid]));

test(
  'up starts everything, and says where',
  async () => {
    const { stdout } = await evenkeel('up');
    expect(Object.keys(pids()).toSorted()).toEqual([
      'agent-new1',
      'agent-new2',
      'agent-old1',
      'agent-old2',
      'api',
      'temporal',
      'worker',
    ]);
    expect(Object.values(state().parts).every(isRunning)).toBe(true);
    expect(stdout).toContain(`Web UI       ${state().webUi}`);
    expect(stdout).toContain('npx evenkeel run ingest-vfs --from legacy --to files2 --dry-run');
    expect((await fetch(`${state().webUi}/`)).status).toBe(200);
  },
  minute,
);

test(
  'up again is harmless; the worker, the only part that died, is started anew',
  async () => {
    const before = pids();
    await evenkeel('up');
    expect(pids()).toEqual(before);
    process.kill(before['worker']!, 'SIGKILL');
    await evenkeel('up');
    const { worker, ...others } = pids();
    expect(worker).not.toBe(before['worker']);
    expect({ ...others, worker: before['worker'] }).toEqual(before);
  },
  minute,
);

test(
  'every agent answers with the tokens that up made, which nobody else can read',
  async () => {
    const { stdout } = await evenkeel('fleet', 'check', '--online', '--json');
    const { answers } = JSON.parse(stdout) as { answers: { answers: boolean; version: string }[] };
    expect(answers.map(({ answers: up }) => up)).toEqual([true, true, true, true]);
    expect(statSync(join(stateDir, 'tokens.json')).mode & 0o777).toBe(0o600);
  },
  minute,
);

test(
  'down ends every process and up goes on with what Temporal knew',
  async () => {
    const before = state();
    const { stdout } = await evenkeel('down');
    expect(stdout.trim().split('\n').at(-1)).toBe(`temporal (${before.parts['temporal']!.pid}) stopped`);
    expect(Object.values(before.parts).some(isRunning)).toBe(false);
    expect((await evenkeel('down')).stdout).toBe('Nothing runs here.\n');
    await evenkeel('up');
    expect([state().temporal, state().webUi, state().api]).toEqual([before.temporal, before.webUi, before.api]);
  },
  minute,
);

test(
  'a pid that now is somebody else is never ended',
  async () => {
    await evenkeel('down');
    const file = join(stateDir, 'stack.json');
    const forged = readFileSync(file, 'utf8').replace(/"pid": \d+/g, `"pid": ${process.pid}`);
    writeFileSync(file, forged);
    expect((await evenkeel('down')).stdout).toBe('Nothing runs here.\n');
  },
  minute,
);

test(
  'down --wipe forgets runs, journals and tokens, and leaves the files of the laboratory',
  async () => {
    await evenkeel('down', '--wipe');
    expect(
      ['temporal.db', 'tokens.json', 'agents', 'stack.json'].filter((name) => existsSync(join(stateDir, name))),
    ).toEqual([]);
    expect(existsSync(join(stateDir, 'laboratory', 'old1', 'items', 'projects'))).toBe(true);
  },
  minute,
);
