import { mkdirSync, renameSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../setup/eventually';
import { Laboratory, plain, sentences } from '../setup/laboratory';

/** An undo leaves both sides as they were, also where a host hears late that the run was stopped. */
let lab: Laboratory;
beforeAll(async () => {
  lab = await Laboratory.open({ pairs: 4 });
}, 60_000);
afterAll(() => lab?.close());

const handle = (id: string) => lab.operator.client.workflow.getHandle(id);

/** What happened in a workflow, an event a line: the attributes' name, and for activities whose they are. */
async function happened(id: string): Promise<string[]> {
  const { events } = await handle(id).fetchHistory();
  const names = new Map<string, string>();
  return (events ?? []).map((event) => {
    const kind = Object.keys(event)
      .find((key) => key.endsWith('EventAttributes'))!
      .replace('EventAttributes', '');
    const of = Object.values(event).find((value) => value?.scheduledEventId !== undefined)?.scheduledEventId;
    const { activityType } = event.activityTaskScheduledEventAttributes ?? {};
    if (activityType) names.set(String(event.eventId), activityType.name!);
    return `${activityType?.name ?? names.get(String(of)) ?? ''} ${kind}`.trim();
  });
}

/** The id of the child that sends, once it has begun. */
const senderOf = (id: string) =>
  eventually(async () => {
    const { events } = await handle(id).fetchHistory();
    const begun = events?.find((event) => event.childWorkflowExecutionStartedEventAttributes);
    return begun?.childWorkflowExecutionStartedEventAttributes?.workflowExecution?.workflowId;
  });

test('an undo waits for every sender, also for the one that hears last that it is to stop', async () => {
  const pair = lab.pair().fill(['accounts']);
  const id = await pair.start({ bandwidth: 100_000 });
  await eventually(() => pair.stored().length > 0);
  const sender = await senderOf(id);
  await lab.stack.kill('agent-old-1', 'SIGSTOP');
  try {
    await lab.operator.cancel(id, { by: 'ann', why: 'wrong night' });
    await eventually(async () => (await happened(sender)).includes('sendItems activityTaskCanceled'));
    expect((await lab.operator.show(id)).phase).toBe('running');
  } finally {
    await lab.stack.kill('agent-old-1', 'SIGCONT');
  }
  await pair.until(id, 'ended');
  const events = await happened(id);
  expect(events.indexOf('discardItems activityTaskScheduled')).toBeGreaterThan(
    events.indexOf('childWorkflowExecutionCanceled'),
  );
  expect(pair.stored()).toEqual([]);
}, 90_000);

test('a step that failed on one host is over when it has ended on the others', async () => {
  const pair = lab.pair().fill(['accounts']);
  const id = await pair.start({ cutover: 'ask' });
  await pair.until(id, 'waiting for approval');
  await lab.stack.kill('agent-old-2', 'SIGSTOP');
  try {
    await lab.operator.decide(id, { by: 'ann', why: 'tonight', approved: true });
    await eventually(async () => {
      const events = await happened(id);
      const failed = events.indexOf('freezeStore activityTaskFailed');
      return failed > 0 && events.indexOf('workflowTaskCompleted', failed) > 0;
    });
    expect((await lab.operator.show(id)).phase).toBe('running');
  } finally {
    await lab.stack.kill('agent-old-2', 'SIGCONT');
  }
  await pair.until(id, 'held');
  await lab.operator.answer(id, { do: 'undo', by: 'ann', why: 'the hook is broken' });
  await pair.until(id, 'ended');
  expect(pair.stored()).toEqual([]);
}, 90_000);

test('an undo says what it does not remove, and looks again when it is retried', async () => {
  const pair = lab.pair().fill(['accounts']);
  const id = await pair.start();
  await pair.until(id, 'held');
  const stored = join(pair.store('new-1'), 'accounts-old-1');
  renameSync(stored, join(lab.folder, 'ours'));
  mkdirSync(stored); // somebody else's by now
  await lab.operator.answer(id, { do: 'undo', by: 'ann', why: 'not tonight' });
  const stuck = await eventually(async () => {
    const run = await lab.operator.show(id);
    return run.phase === 'held' && sentences(run).at(-1)!.startsWith('held: Undo: Send') ? run : undefined;
  });
  expect(plain(stuck.status!.why!)).toMatchInlineSnapshot(
    `"1 storage item at files took the place of what this run stored there, and stayed: accounts-old-1. Next: look at them; move them away and retry, or skip with a reason: they stay."`,
  );
  expect(pair.stored()).toEqual(['accounts-old-1']);
  renameSync(stored, join(lab.folder, 'theirs'));
  await lab.operator.retry(id, { by: 'ann', why: 'it is moved away' });
  const ended = await pair.until(id, 'ended');
  expect(sentences(ended).at(-1)).toBe('done: Undo: Send N bytes to the new FSVMs');
  expect(pair.stored()).toEqual([]);
}, 90_000);

test('a source whose host was down when the run was stopped does not go on when it is back', async () => {
  const pair = lab.pair().fill(['accounts'], { bytes: 400_000 });
  const id = await pair.start({ bandwidth: 100_000 });
  await eventually(() => pair.stored().length === 2);
  await lab.stack.kill('agent-old-1', 'SIGKILL');
  try {
    await lab.operator.cancel(id, { by: 'ann', why: 'wrong night' });
    await eventually(async () => (await lab.operator.show(id)).phase === 'undoing');
  } finally {
    await lab.stack.restart('agent-old-1');
  }
  await pair.until(id, 'ended');
  const { jobs } = await lab.agent('old-1').host.jobs({ limit: 50 });
  const ours = jobs.filter((job) => job.id.includes(`/${pair.to}/`) && job.operation === 'copy.send');
  expect(ours.map(({ state }) => state)).toEqual(['cancelled']);
  expect(pair.stored()).toEqual([]);
}, 90_000);
