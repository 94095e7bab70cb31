import type { InFlight } from '../../src/activities/supervise';
import { eventually } from '../setup/eventually';
import { Laboratory } from '../setup/laboratory';

let lab: Laboratory;
beforeAll(async () => {
  lab = await Laboratory.open();
}, 60_000);
afterAll(() => lab?.close());

/** The last heartbeats of the shipments of a run. */
async function heartbeats(id: string): Promise<InFlight[]> {
  const { workflow } = lab.operator.client;
  const { raw } = await workflow.getHandle(id).describe();
  const children = await Promise.all(
    (raw.pendingChildren ?? []).map((child) => workflow.getHandle(child.workflowId!).describe()),
  );
  return children
    .flatMap((child) => child.raw.pendingActivities ?? [])
    .map(
      ({ heartbeatDetails }) => JSON.parse(Buffer.from(heartbeatDetails!.payloads![0]!.data!).toString()) as InFlight,
    );
}

test('while a source is away each attempt knows how many before it got no further, and the run goes on when it is back', async () => {
  const pair = lab.pair().fill(['accounts']).mend();
  const id = await pair.start({ bandwidth: 100_000 });
  await eventually(() => pair.stored().length > 0);
  await lab.stack.kill('agent-old-1', 'SIGKILL');
  const told = await eventually(
    async () => (await heartbeats(id)).find(({ host, advance }) => host === 'old-1' && advance.fruitless >= 3),
    { timeoutMs: 60_000, everyMs: 100 },
  );
  expect(told.why).toContain('the agent of old-1 does not answer');
  await lab.stack.restart('agent-old-1');
  await lab.operator.tune(id, 'ann', { bandwidth: 0 });
  const done = await pair.until(id, 'ended');
  expect(done.phase).toBe('done');
}, 120_000);
