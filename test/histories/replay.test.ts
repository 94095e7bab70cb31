import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
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
  const lab = await Laboratory.open({
    freeze: { how: 'exec', freeze: ['test', '-e', '/nonexistent'], thaw: ['true'] },
  });
  try {
    for (const item of ['accounts', 'photos']) {
      mkdirSync(join(lab.store('old-1'), item));
      for (let n = 0; n < 10; n++) writeFileSync(join(lab.store('old-1'), item, `${n}`), Buffer.alloc(50_000, n));
    }
    const said = { by: 'ann', why: 'for the record' };
    const id = await lab.start({ approval: 'ask', bandwidth: 300_000 });
    await lab.until(id, 'waiting for approval');
    await lab.operator.decide(id, { ...said, approved: true });
    await eventually(() => readdirSync(lab.store('new-1')).length + readdirSync(lab.store('new-2')).length > 0);
    await lab.operator.pause(id, said);
    await lab.until(id, 'paused');
    await lab.operator.resume(id, said);
    await lab.operator.tune(id, 'ann', { bandwidth: 0 });
    await lab.until(id, 'held');
    await lab.operator.retry(id, said);
    await lab.until(id, 'held');
    await lab.operator.answer(id, { ...said, do: 'skip' });
    await lab.until(id, 'ended');
    const client = lab.operator.client.workflow;
    const { runId } = await client.getHandle(id).describe();
    const run = await client.getHandle(id, runId).fetchHistory();
    const child = run.events?.find((event) => event.startChildWorkflowExecutionInitiatedEventAttributes);
    const histories = {
      ingestVfs: run,
      sendPass: await client
        .getHandle(child!.startChildWorkflowExecutionInitiatedEventAttributes!.workflowId!)
        .fetchHistory(),
      lease: await client.getHandle(`lease/${lab.to}`).fetchHistory(),
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
