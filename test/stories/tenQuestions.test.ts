import { execFile } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { RunView } from '../../src/api/views';
import type { Fleet } from '../../src/contract/fleet';
import { eventually } from '../setup/eventually';
import { Laboratory, plain, sentences } from '../setup/laboratory';

/** What an operator asks in the first minute, and how a run answers. The eighth is a suite of its own: kills.test.ts. */
let lab: Laboratory;
beforeAll(async () => {
  lab = await Laboratory.open({ pairs: 14 });
}, 60_000);
afterAll(() => lab?.close());

/** What was refused in a run, for the auditor. */
async function refusals(id: string) {
  const { entries } = await lab.operator.audit(id);
  return entries
    .filter(({ how }) => how === 'refused')
    .map(({ who, what, facts }) => ({ who, what, why: (facts as { why: string }).why }));
}

const lastSentences = (run: RunView, count: number) => sentences(run).slice(-count);

test('1. What exactly will it touch? The plan says so, and an empty set is refused', async () => {
  const pair = lab.pair().fill(['accounts', 'photos']);
  const planned = await pair.ingest({ dryRun: true });
  expect(planned.plan!.sentences.map(plain)).toMatchInlineSnapshot(`
   [
     "4 storage items, 80 files, N bytes from legacy to files; 4 keep their ordinal",
     "  old-1-fsvm → new-1-fsvm  2 items, 40 files, N bytes: accounts-old-1, photos-old-1",
     "  old-2-fsvm → new-2-fsvm  2 items, 40 files, N bytes: accounts-old-2, photos-old-2",
   ]
  `);
  expect(pair.stored()).toEqual([]);
  const refused = await lab.pair().ingest();
  expect(refused.failure?.code).toBe('NothingToDo');
  expect(plain(refused.failure!.message)).toMatchInlineSnapshot(
    `"legacy has nothing in it: an empty set never means all. Next: check the name and the filters."`,
  );
}, 90_000);

test('2. What if two runs hit one host? The second waits, and a stale epoch is refused where it acts', async () => {
  const pair = lab.pair().fill(['accounts']);
  const other = lab.pair();
  const first = await pair.start({ approval: 'ask' });
  await pair.until(first, 'waiting for approval');
  await expect(pair.start()).rejects.toMatchObject({ code: 'AlreadyRunning' });
  const { id: second } = await lab.operator.start(
    'ingest-vfs',
    { from: pair.from, to: other.to, approval: 'ask' },
    'bob',
  );
  const waiting = await eventually(async () => {
    const run = await lab.operator.show(second);
    return run.status?.why ? run : undefined;
  });
  expect(waiting.status!.why).toBe(`${pair.from} is held by ${first}`);
  await lab.operator.decide(first, { by: 'ann', why: 'not tonight', approved: false });
  const { status } = await pair.until(second, 'waiting for approval');
  expect(status!.leases).toContainEqual({ target: pair.from, epoch: 2 });
  const store = { fsvm: 'old-1-fsvm', host: 'old-1', root: pair.store('old-1') };
  const freeze = (epoch: number) =>
    lab.agent('old-1').files.freeze({ store, by: { how: 'watch' }, lease: { target: pair.from, epoch } });
  await freeze(2);
  await expect(freeze(1)).rejects.toMatchObject({ code: 'StaleEpoch' });
  await lab.operator.cancel(second, { by: 'bob', why: '' });
  await pair.until(second, 'ended');
}, 90_000);

test('3. Does stop stop? At once, and what was begun is undone', async () => {
  const pair = lab.pair().fill(['accounts']);
  const id = await pair.start({ bandwidth: 100_000 });
  await eventually(() => pair.stored().length > 0);
  await lab.operator.cancel(id, { by: 'ann', why: 'wrong night' });
  const ended = await pair.until(id, 'ended', 20_000);
  expect(lastSentences(ended, 2)).toMatchInlineSnapshot(`
   [
     "undone: Send N bytes to the new FSVMs (stopped)",
     "done: Undo: Send N bytes to the new FSVMs",
   ]
  `);
  expect(ended.failure!.message).toBe('ann had it undone: wrong night. Next: start the runbook again.');
  expect(pair.stored()).toEqual([]);
  const { jobs } = await lab.agent('old-1').host.jobs({ limit: 50 });
  expect(jobs.filter((job) => job.state === 'running')).toEqual([]);
}, 90_000);

test('4. Can it go on from the failed step? Done steps are not done again', async () => {
  const pair = lab.pair().fill(['accounts']);
  const id = await pair.start();
  const held = await pair.until(id, 'held');
  // Both FSVMs are asked at once: which of them is heard first is nobody's choice.
  expect(lastSentences(held, 2).map((sentence) => sentence.replace('on old-2', 'on old-1'))).toMatchInlineSnapshot(`
   [
     "done: Read back what was stored",
     "held: Make legacy read-only (\`test -e LAB/mended-6\` on old-1: it ended with 1. Next: give the agent that right, or leave this out.)",
   ]
  `);
  pair.mend();
  await lab.operator.retry(id, { by: 'ann', why: 'the hook is mended' });
  const done = await pair.until(id, 'ended');
  expect(done.phase).toBe('done');
  expect(done.report!.steps.filter(({ what }) => what.startsWith('Send'))).toHaveLength(3);
  expect(done.report!.decisions).toMatchObject([
    { what: expect.stringContaining('retry'), by: 'ann', why: 'the hook is mended' },
  ]);
}, 90_000);

test('4. Also a run that ended: it goes on from the step that failed', async () => {
  const pair = lab.pair().fill(['accounts']);
  const id = await pair.start();
  await pair.until(id, 'held');
  await lab.operator.client.workflow.getHandle(id).terminate('the operator went home');
  pair.mend();
  await lab.operator.retry(id, { by: 'bob', why: 'the hook is mended' });
  await pair.until(id, 'done');
  const done = await pair.until(id, 'ended');
  expect(done.report!.steps.filter(({ what }) => what.startsWith('Send'))).toHaveLength(3);
  expect(pair.differences()).toBe('');
}, 90_000);

test('5. How many at once, and what if half the fleet is sick? The rails of the fleet file hold', async () => {
  const pair = lab.pair().fill(['accounts']);
  const refusal = async (limits: Partial<Fleet['limits']>) => {
    await lab.change((fleet) => (fleet.limits = { ...fleet.limits, ...limits }));
    return plain((await pair.ingest()).failure!.message);
  };
  expect(await refusal({ freeze: 'quarter end' })).toMatchInlineSnapshot(
    `"the fleet is frozen: quarter end. Next: lift \`freeze\` in the fleet file."`,
  );
  expect(await refusal({ freeze: false, paused: ['new-2'] })).toMatchInlineSnapshot(
    `"new-2 is on the pause list. Next: take it off \`limits.paused\` in the fleet file."`,
  );
  await lab.stack.kill('agent-new-1', 'SIGKILL');
  try {
    expect(await refusal({ paused: [], minHealthy: 0.9 })).toMatchInlineSnapshot(
      `"3 of 4 hosts answer, fewer than minHealthy (4). Next: bring hosts back first, or lower limits.minHealthy."`,
    );
    expect(await refusal({ minHealthy: 0.5 })).toContain('the agent of new-1 does not answer');
  } finally {
    await lab.stack.restart('agent-new-1');
  }
  expect(pair.stored()).toEqual([]);
}, 90_000);

test('5. A fleet file that became wrong stops what begins, by its line: a pause may have been written into it', async () => {
  const pair = lab.pair().fill(['accounts']);
  const limits = { ...lab.stack.fleet.limits };
  await lab.change((fleet) => Object.assign(fleet.limits ?? (fleet.limits = limits), { pausd: ['new-1'] }));
  try {
    const refused = await pair.ingest();
    expect(refused.failure!.message).toMatch(
      /fleet\.yaml:\d+:\d+: limits\.pausd: unknown field; did you mean "paused"/,
    );
  } finally {
    await lab.change((fleet) => Object.assign(fleet, { limits }));
  }
}, 90_000);

test('6. Who approved which plan? A yes holds for one plan; one that drifted is shown again', async () => {
  const pair = lab.pair().fill(['accounts']).mend();
  const id = await pair.start({ approval: 'ask' });
  const first = await pair.until(id, 'waiting for approval');
  const yes = (by: string, digest: string) =>
    lab.operator.decide(id, { by, why: 'looks right', approved: true, digest });
  await expect(yes('eve', '0000000000000000')).rejects.toMatchObject({ code: 'OtherPlan' });
  expect(await refusals(id)).toMatchObject([
    { who: 'eve', what: 'approved plan 0000000000000000', why: expect.stringContaining('the plan now is') },
  ]);
  mkdirSync(join(pair.store('old-2'), 'newcomer'));
  await yes('ann', first.plan!.digest);
  const second = await eventually(async () => {
    const run = await lab.operator.show(id);
    return run.phase === 'waiting for approval' && run.plan!.digest !== first.plan!.digest ? run : undefined;
  });
  await yes('bob', second.plan!.digest);
  const done = await pair.until(id, 'ended');
  expect(done.phase).toBe('done');
  expect(done.report!.decisions.map(({ what, by }) => [what.replace(/[0-9a-f]{16}/, '…'), by])).toMatchInlineSnapshot(`
   [
     [
       "approved plan …",
       "ann",
     ],
     [
       "the plan drifted while it waited for approval",
       "evenkeel",
     ],
     [
       "approved plan …",
       "bob",
     ],
   ]
  `);
}, 90_000);

test('7. What did it do? Report, and a history for an auditor', async () => {
  const pair = lab.pair().fill(['accounts']).mend();
  const done = await pair.ingest({ ticket: 'CHG-7' });
  expect(done.ticket).toBe('CHG-7');
  expect(done.report).toMatchObject({ outcome: 'done', result: { items: 2, verifiedItems: 2 } });
  const audit = await lab.operator.audit(done.id);
  expect(JSON.stringify(audit)).toContain('ann');
}, 90_000);

test('9. Can I rehearse it? The same code on a laboratory fleet, the undo included', async () => {
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ['bin/evenkeel.js', 'rehearse', 'ingest-vfs']);
  expect(stdout).toContain('✔ The undo left both sides as they were.');
  expect(stdout.trim().split('\n').at(-1)).toBe('✔ The rehearsal went as it should.');
}, 120_000);

test('a newer run at one of the new FSVMs stops the older one where it stands: its data is refused too', async () => {
  const pair = lab.pair().fill(['accounts']);
  const id = await pair.start();
  await pair.until(id, 'held');
  const table = { fileServer: pair.to, epoch: 99, state: 'loading' as const, items: {}, roots: {} };
  await lab.agent('new-2').files.writeTable({ table, lease: { target: pair.to, epoch: 99 } });
  pair.mend();
  await lab.operator.retry(id, { by: 'ann', why: '' });
  const held = await eventually(
    async () => {
      const run = await lab.operator.show(id);
      return run.phase === 'held' && run.status?.why?.includes('epoch 99') === true ? run : undefined;
    },
    { timeoutMs: 60_000 },
  );
  expect(held.status!.committedBy).toBeUndefined();
  expect(plain(lastSentences(held, 1)[0]!)).toMatchInlineSnapshot(
    `"held: Send what changed until the source became read-only (1 of 2 storage items could not be sent: files is held under epoch 99 on new-2; epoch 1 came too late. Next: nothing: a newer run has taken over. See \`evenkeel list\`. Next: mend the cause, then retry: what was sent stays sent.)"`,
  );
  // What lies there is the newer run's by now: it is not removed either, and a person lets go of it.
  await lab.operator.answer(id, { do: 'undo', by: 'ann', why: 'the newer run has it' });
  const stuck = await eventually(async () => {
    const run = await lab.operator.show(id);
    return run.phase === 'held' && lastSentences(run, 1)[0]?.startsWith('held: Undo: Send') ? run : undefined;
  });
  expect(pair.stored().length).toBeGreaterThan(0);
  expect(stuck.status!.why).toContain('epoch 99');
  await lab.operator.answer(id, { do: 'skip', by: 'ann', why: 'the newer run has it' });
  await pair.until(id, 'ended');
  expect(pair.stored().length).toBeGreaterThan(0);
}, 90_000);

test('past the point of no return nothing is undone: cancel and undo are refused, with the reason', async () => {
  const pair = lab.pair().fill(['accounts']);
  const id = await pair.start();
  await pair.until(id, 'held');
  // The table of one new FSVM is of a higher epoch, though nobody has taken the lease: only opening it fails.
  const table = { fileServer: pair.to, epoch: 99, state: 'loading' as const, items: {}, roots: {} };
  await lab.agent('new-2').files.writeTable({ table, lease: { target: `another-${pair.to}`, epoch: 1 } });
  pair.mend();
  await lab.operator.retry(id, { by: 'ann', why: '' });
  const held = await eventually(
    async () => {
      const run = await lab.operator.show(id);
      return run.status?.committedBy !== undefined && run.phase === 'held' ? run : undefined;
    },
    { timeoutMs: 60_000 },
  );
  expect(plain(held.status!.why!)).toMatchInlineSnapshot(
    `"files is held under epoch 99 on new-2; epoch 1 came too late. Next: nothing: a newer run has taken over. See \`evenkeel list\`."`,
  );
  await expect(lab.operator.cancel(id, { by: 'ann', why: '' })).rejects.toMatchObject({ code: 'PastReturn' });
  await expect(lab.operator.answer(id, { do: 'undo', by: 'ann', why: '' })).rejects.toMatchObject({
    code: 'PastReturn',
  });
  expect((await refusals(id)).map(({ who, what, why }) => [who, what, plain(why)])).toMatchInlineSnapshot(`
   [
     [
       "ann",
       "stop",
       "nothing can be undone after "Prove that legacy is quiet". Next: retry the failed step, or skip it with a reason.",
     ],
     [
       "ann",
       "undo the held step",
       "nothing can be undone after "Prove that legacy is quiet". Next: retry the failed step, or skip it with a reason.",
     ],
   ]
  `);
  await lab.operator.client.workflow.getHandle(id).cancel();
  await lab.operator.answer(id, { do: 'skip', by: 'ann', why: 'new-2 belongs to somebody else now' });
  const done = await pair.until(id, 'ended');
  expect(done.phase).toBe('done');
  expect(pair.stored().length).toBeGreaterThan(0);
  expect(done.report!.decisions.map(({ what }) => what)).toContain('a cancel was refused');
}, 90_000);

test('what is refused is kept for the auditor a hundred times, and not more', async () => {
  const pair = lab.pair().fill(['accounts']);
  const id = await pair.start({ approval: 'ask' });
  await pair.until(id, 'waiting for approval');
  for (let times = 0; times < 103; times++)
    await expect(lab.operator.resume(id, { by: 'eve', why: '' })).rejects.toMatchObject({ code: 'NotPaused' });
  expect(await refusals(id)).toHaveLength(100);
  await lab.operator.cancel(id, { by: 'ann', why: '' });
  await pair.until(id, 'ended');
}, 90_000);
