import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { freePort } from '../../src/stack/ports';
import { eventually } from '../setup/eventually';
import { consignment, jobContext, Scene } from './agents';

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.close());

const items = Array.from({ length: 150 }, (_, n) => `item ${n}`);
const code = (expected: string) => expect.objectContaining({ name: 'Refusal', code: expected });

/** A host whose agent can be ended and started again. */
async function hostOfOneAgent() {
  const stateDir = scene.directory();
  const url = `http://127.0.0.1:${await freePort()}`;
  const script = JSON.stringify(require.resolve('./agentProcess'));
  const reader = `require('./tools/typescript.js').readTypeScript(); require(${script})`;
  const start = async (): Promise<ChildProcess> => {
    const child = spawn(process.execPath, ['-e', reader, url, stateDir], {
      cwd: resolve(__dirname, '..', '..'),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    scene.onEnd(() => end(child, 'SIGKILL'));
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => void (said += chunk.toString()));
    const outcome = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => 'ended')]);
    if (outcome === 'ended') throw new Error(`the agent did not start: ${said}`);
    return child;
  };
  const end = async (child: ChildProcess, signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill(signal);
    await exit;
  };
  const starts = () => readFileSync(join(stateDir, 'starts'), 'utf8').trim().split('\n').map(Number);
  return { stateDir, url, start, end, starts, a: scene.client(url, { pollMs: 1_000, patienceMs: 15_000 }) };
}

test.each(['SIGKILL', 'SIGTERM'] as const)(
  'a job goes on by itself after %s of its agent, and its caller sees the end',
  async (signal) => {
    const { a, start, end, starts } = await hostOfOneAgent();
    const agent = await start();
    const job = jobContext('ingest/send');
    const sent = a.copy.send(consignment(1, items), job);
    await eventually(() => job.reports.length > 3);
    await end(agent, signal);
    await start();
    expect(await sent).toMatchObject({ items: 150 });
    const [first, second, ...more] = starts();
    expect(first).toBe(0);
    expect(second).toBeGreaterThan(0);
    expect(more).toEqual([]);
  },
);

test('a done job answers its result after a kill, and an epoch that was seen stays seen', async () => {
  const { a, start, end, starts } = await hostOfOneAgent();
  const agent = await start();
  await a.copy.send(consignment(7, items.slice(0, 3)), jobContext('job'));
  await end(agent, 'SIGKILL');
  await start();
  expect(await a.copy.send(consignment(7, items.slice(0, 3)), jobContext('job'))).toMatchObject({ items: 3 });
  expect(starts()).toHaveLength(1);
  await expect(a.copy.send(consignment(6), jobContext('late'))).rejects.toEqual(code('StaleEpoch'));
  const { from, to, lease } = consignment(6);
  await expect(a.copy.forget({ from, to, items: [], lease })).rejects.toEqual(code('StaleEpoch'));
});

test('a journal entry that cannot be read is set aside, and the others go on', async () => {
  const { a, stateDir, start, end } = await hostOfOneAgent();
  const agent = await start();
  await a.copy.send(consignment(1, items.slice(0, 1)), jobContext('job'));
  await end(agent, 'SIGTERM');
  writeFileSync(join(stateDir, 'jobs', 'torn.json'), '{"id":"torn","sta');
  await start();
  expect((await a.host.jobs({ limit: 10 })).jobs).toMatchObject([{ id: 'job', state: 'done' }]);
  expect(readdirSync(join(stateDir, 'jobs'))).toContain('torn.json.damaged');
});
