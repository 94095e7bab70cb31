import { eventually } from '../setup/eventually';
import { Laboratory } from '../setup/laboratory';

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
