import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, stringify } from 'yaml';
import type { RunView } from '../../src/api/views';
import type { Fleet } from '../../src/contract/fleet';
import { eventually } from '../setup/eventually';
import { Laboratory, plain, sentences } from '../setup/laboratory';

/** What an operator asks in the first minute, and how a run answers. */
let lab: Laboratory;
let mended: string;
beforeEach(async () => {
  // A hook of the old file server that fails until somebody mends it.
  lab = await Laboratory.open({ freeze: { how: 'exec', freeze: ['test', '-e', '/nonexistent'], thaw: ['true'] } });
  mended = join(lab.folder, 'mended');
  change((fleet) => {
    fleet.fileServers[lab.from]!.freeze = { how: 'exec', freeze: ['test', '-e', mended], thaw: ['true'] };
  });
  for (const host of ['old-1', 'old-2'])
    for (const item of ['accounts', 'photos'])
      for (let n = 0; n < 20; n++) {
        const folder = join(lab.store(host), `${item}-${host}`);
        mkdirSync(folder, { recursive: true });
        writeFileSync(join(folder, `${n}`), Buffer.alloc(40_000, n));
      }
}, 60_000);
afterEach(() => lab?.close());

/** Edits the fleet file, as an operator would, and waits until nobody goes by the old one. */
function change(edit: (fleet: Fleet) => void): void {
  const file = join(lab.folder, 'fleet.yaml');
  const fleet = parse(readFileSync(file, 'utf8')) as Fleet;
  edit(fleet);
  writeFileSync(file, stringify(fleet));
}
const settled = () => new Promise((resolve) => setTimeout(resolve, 1_500));
const stored = () => ['new-1', 'new-2'].flatMap((host) => readdirSync(lab.store(host)));
const lastSentences = (run: RunView, count: number) => sentences(run).slice(-count);

test('1. What exactly will it touch? The plan says so, and an empty set is refused', async () => {
  const planned = await lab.ingest({ dryRun: true });
  expect(planned.plan!.sentences.map(plain)).toMatchInlineSnapshot();
  expect(stored()).toEqual([]);
  rmSync(lab.store('old-1'), { recursive: true });
  rmSync(lab.store('old-2'), { recursive: true });
  mkdirSync(lab.store('old-1'));
  mkdirSync(lab.store('old-2'));
  const refused = await lab.ingest();
  expect(plain(refused.failure!.message)).toMatchInlineSnapshot();
}, 90_000);

test('2. What if two runs hit one host? The second waits, and a stale epoch is refused where it acts', async () => {
  change((fleet) => {
    fleet.fileServers['elsewhere'] = {
      ...fleet.fileServers[lab.to]!,
      fsvms: { 'new-9-fsvm': { host: 'new-1', root: join(lab.store('new-1'), 'nine') } },
    };
  });
  mkdirSync(join(lab.store('new-1'), 'nine'));
  await settled();
  const first = await lab.start({ approval: 'ask' });
  await lab.until(first, 'waiting for approval');
  await expect(lab.start()).rejects.toMatchObject({ code: 'AlreadyRunning' });
  const { id: second } = await lab.operator.start(
    'ingest-vfs',
    { from: lab.from, to: 'elsewhere', approval: 'ask' },
    'bob',
  );
  const waiting = await eventually(async () => {
    const run = await lab.operator.show(second);
    return run.status?.why ? run : undefined;
  });
  expect(plain(waiting.status!.why!)).toBe(
    `elsewhere is held by ${plain(first)}`.replace('elsewhere', plain(lab.from)),
  );
  await lab.operator.decide(first, { by: 'ann', why: 'not tonight', approved: false });
  await lab.until(second, 'waiting for approval');
  const lease = { target: lab.from, epoch: 1 };
  const by = { how: 'watch' as const };
  const store = { fsvm: 'old-1-fsvm', host: 'old-1', root: lab.store('old-1') };
  await lab.agent('old-1').files.freeze({ store, by, lease: { ...lease, epoch: 7 } });
  await expect(lab.agent('old-1').files.freeze({ store, by, lease })).rejects.toMatchObject({ code: 'StaleEpoch' });
  await lab.operator.cancel(second, { by: 'bob', why: '' });
  await lab.until(second, 'ended');
}, 120_000);

test('3. Does stop stop? Within a second or so, and what was begun is undone', async () => {
  const id = await lab.start({ bandwidth: 200_000 });
  await eventually(() => stored().length > 0);
  const asked = Date.now();
  await lab.operator.cancel(id, { by: 'ann', why: 'wrong night' });
  const ended = await lab.until(id, 'ended');
  expect(Date.now() - asked).toBeLessThan(15_000);
  expect(lastSentences(ended, 2)).toMatchInlineSnapshot();
  expect(ended.failure!.message).toBe('ann had it undone: wrong night. Next: start the runbook again.');
  expect(stored()).toEqual([]);
  const { jobs } = await lab.agent('old-1').host.jobs({ limit: 50 });
  expect(jobs.filter((job) => job.state === 'running')).toEqual([]);
}, 90_000);

test('4. Can it go on from the failed step? Done steps are not done again', async () => {
  const id = await lab.start();
  const held = await lab.until(id, 'held');
  expect(lastSentences(held, 2)).toMatchInlineSnapshot();
  writeFileSync(mended, '');
  await lab.operator.retry(id, { by: 'ann', why: 'the hook is mended' });
  const done = await lab.until(id, 'ended');
  expect(done.phase).toBe('done');
  expect(done.report!.steps.filter(({ what }) => what.startsWith('Send'))).toHaveLength(3);
  expect(done.report!.decisions).toMatchObject([
    { what: expect.stringContaining('retry'), by: 'ann', why: 'the hook is mended' },
  ]);
}, 90_000);

test('5. How many at once, and what if half the fleet is sick? The rails of the fleet file hold', async () => {
  const refusal = async (limits: Partial<Fleet['limits']>) => {
    change((fleet) => (fleet.limits = { ...fleet.limits, ...limits } as Fleet['limits']));
    await settled();
    return plain((await lab.ingest()).failure!.message);
  };
  expect(await refusal({ freeze: 'quarter end' })).toMatchInlineSnapshot();
  expect(await refusal({ freeze: false, paused: ['new-2'] })).toMatchInlineSnapshot();
  await lab.stack.kill('agent-new-1', 'SIGKILL');
  await lab.stack.kill('agent-new-2', 'SIGKILL');
  expect(await refusal({ paused: [], minHealthy: 0.75 })).toMatchInlineSnapshot();
  expect(stored()).toEqual([]);
}, 120_000);

test('6. Who approved which plan? A yes holds for one plan; one that drifted is shown again', async () => {
  writeFileSync(mended, '');
  const id = await lab.start({ approval: 'ask' });
  const first = await lab.until(id, 'waiting for approval');
  await expect(
    lab.operator.decide(id, { by: 'eve', why: '', approved: true, digest: '0000000000000000' }),
  ).rejects.toMatchObject({ code: 'OtherPlan' });
  mkdirSync(join(lab.store('old-2'), 'newcomer'));
  await lab.operator.decide(id, { by: 'ann', why: 'looks right', approved: true, digest: first.plan!.digest });
  const second = await eventually(async () => {
    const run = await lab.operator.show(id);
    return run.phase === 'waiting for approval' && run.plan!.digest !== first.plan!.digest ? run : undefined;
  });
  await lab.operator.decide(id, { by: 'bob', why: 'with the newcomer', approved: true, digest: second.plan!.digest });
  const done = await lab.until(id, 'ended');
  expect(done.phase).toBe('done');
  expect(done.report!.decisions.map(({ what, by }) => [what.replace(/[0-9a-f]{16}/, '…'), by])).toMatchInlineSnapshot();
}, 90_000);

test('7. What did it do? Report, and a history for an auditor', async () => {
  writeFileSync(mended, '');
  const done = await lab.ingest({ ticket: 'CHG-7' });
  expect(done.ticket).toBe('CHG-7');
  expect(done.report).toMatchObject({ outcome: 'done', result: { items: 4, verifiedItems: 4 } });
  for (const step of done.report!.steps) expect(step.tookMs).toBeGreaterThanOrEqual(0);
  const audit = await lab.operator.audit(done.id);
  expect(JSON.stringify(audit)).toContain('ann');
}, 90_000);

test('9. Can I rehearse it? The same code on a laboratory fleet, the undo included', async () => {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['bin/evenkeel.js', 'rehearse', 'ingest-vfs']);
  expect(stdout).toContain('✔ The undo left both sides as they were.');
  expect(stdout.trim().split('\n').at(-1)).toBe('✔ The rehearsal went as it should.');
}, 120_000);

test('past the point of no return nothing is undone: cancel and undo are refused, with the reason', async () => {
  const id = await lab.start();
  await lab.until(id, 'held');
  // Somebody with a higher epoch has been at one of the new FSVMs: opening the table there must fail.
  const table = { fileServer: lab.to, epoch: 99, state: 'loading' as const, items: {} };
  await lab.agent('new-2').files.writeTable({ table, lease: { target: lab.to, epoch: 99 } });
  writeFileSync(mended, '');
  await lab.operator.retry(id, { by: 'ann', why: '' });
  const held = await eventually(
    async () => {
      const run = await lab.operator.show(id);
      return run.status?.committedBy !== undefined && run.phase === 'held' ? run : undefined;
    },
    { timeoutMs: 60_000 },
  );
  expect(plain(held.status!.why!)).toMatchInlineSnapshot();
  await expect(lab.operator.cancel(id, { by: 'ann', why: '' })).rejects.toMatchObject({ code: 'PastReturn' });
  await expect(lab.operator.answer(id, { do: 'undo', by: 'ann', why: '' })).rejects.toMatchObject({
    code: 'PastReturn',
  });
  await lab.operator.client.workflow.getHandle(id).cancel();
  await lab.operator.answer(id, { do: 'skip', by: 'ann', why: 'new-2 belongs to somebody else now' });
  const done = await lab.until(id, 'ended');
  expect(done.phase).toBe('done');
  expect(stored().length).toBeGreaterThan(0);
  expect(done.report!.decisions.map(({ what }) => what)).toContain('a cancel was refused');
}, 120_000);
