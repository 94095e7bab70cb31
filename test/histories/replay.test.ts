import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { historyFromJSON, historyToJSON } from '@temporalio/common/lib/proto-utils';
import { Worker } from '@temporalio/worker';
import { bundlePath } from '../../src/workers/bundle';
import { eventually } from '../setup/eventually';
import { Laboratory } from '../setup/laboratory';

/** EVENKEEL_RECORD=1 writes the histories of a fresh run here; otherwise those that are here must replay. */
const recording = process.env['EVENKEEL_RECORD'] === '1';
const recorded = readdirSync(__dirname).filter((file) => file.endsWith('.json'));

const replay = (history: unknown, id: string) =>
  Worker.runReplayHistory({ workflowBundle: { codePath: bundlePath() } }, historyFromJSON(history), id);

test.each(recorded)(
  '%s replays: runs that are under way survive this version',
  async (file) => {
    await replay(JSON.parse(readFileSync(join(__dirname, file), 'utf8')), file);
  },
  30_000,
);

test('there is a recorded history of every runbook, of the pass and of the lease', () => {
  if (recording) return;
  for (const name of ['ingestVfs', 'sendPass', 'lease']) expect(recorded).toContain(`${name}.json`);
});

test('a run that was approved, held, retried, paused and tuned replays', async () => {
  const lab = await Laboratory.open();
  try {
    const pair = lab.pair().fill(['accounts', 'photos'], { files: 10, bytes: 50_000 });
    const said = { by: 'ann', why: 'for the record' };
    const id = await pair.start({ approval: 'ask', bandwidth: 300_000 });
    await pair.until(id, 'waiting for approval');
    await lab.operator.decide(id, { ...said, approved: true });
    await eventually(() => pair.stored().length > 0);
    await lab.operator.pause(id, said);
    await pair.until(id, 'paused');
    await lab.operator.resume(id, said);
    await lab.operator.tune(id, 'ann', { bandwidth: 0 });
    await pair.until(id, 'held');
    await lab.operator.retry(id, said);
    await pair.until(id, 'held');
    await lab.operator.answer(id, { ...said, do: 'skip' });
    await pair.until(id, 'ended');
    const client = lab.operator.client.workflow;
    const { runId } = await client.getHandle(id).describe();
    const run = await client.getHandle(id, runId).fetchHistory();
    const child = run.events?.find((event) => event.startChildWorkflowExecutionInitiatedEventAttributes);
    const histories = {
      ingestVfs: run,
      sendPass: await client
        .getHandle(child!.startChildWorkflowExecutionInitiatedEventAttributes!.workflowId!)
        .fetchHistory(),
      lease: await client.getHandle(`lease/${pair.to}`).fetchHistory(),
    };
    for (const [name, history] of Object.entries(histories)) {
      const json = historyToJSON(history);
      await replay(JSON.parse(json), name);
      if (recording) writeFileSync(join(__dirname, `${name}.json`), anonymous(json));
    }
  } finally {
    await lab.close();
  }
}, 120_000);

/** Who recorded it, and on which machine, is nobody's business. */
const anonymous = (json: string): string => json.replaceAll(/"identity": ?"[^"]*"/g, '"identity":"recorder"');
