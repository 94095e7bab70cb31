import { optionsOf } from '../../src/api/schedules';

const input = { from: 'legacy', to: 'files2' };

test('a timetable becomes what Temporal is told: its times, jitter, catch-up window, and no overlap', () => {
  const told = optionsOf(
    'ingest-vfs/files2',
    {
      ...{ runbook: 'ingest-vfs', input, everyMs: 900_000, jitterMs: 10_000, catchUpMs: 300_000 },
      ...{ note: 'every quarter', fleet: 'berlin' },
    },
    'ann',
  );
  expect(told).toMatchObject({
    scheduleId: 'ingest-vfs/files2',
    spec: { intervals: [{ every: 900_000 }], jitter: 10_000 },
    action: { type: 'startWorkflow', workflowType: 'ingestVfs', workflowId: 'ingest-vfs/files2' },
    policies: { overlap: 'SKIP', catchupWindow: 300_000 },
    state: { note: 'every quarter' },
    memo: { by: 'ann', fleet: 'berlin' },
  });
});

test('made by hand it has no fleet, and an hour to catch up', () => {
  const told = optionsOf('nightly', { runbook: 'ingest-vfs', input, cron: '0 3 * * *' }, 'ann');
  expect(told).toMatchObject({
    spec: { cronExpressions: ['0 3 * * * # 0 3 * * *'] },
    policies: { overlap: 'SKIP', catchupWindow: 3_600_000 },
    state: { note: 'by ann' },
  });
  expect(told.spec).not.toHaveProperty('jitter');
  expect(told.memo).toEqual({ by: 'ann' });
});
