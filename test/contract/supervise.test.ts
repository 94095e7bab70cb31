import { MockActivityEnvironment } from '@temporalio/testing';
import { DefaultLogger } from '@temporalio/worker';
import { supervise, type InFlight } from '../../src/activities/supervise';
import { mostFruitless } from '../../src/planning/advance';

const quiet = new DefaultLogger('ERROR');
const link = new Error('old-1 cannot reach new-1');

/** Attempts of one activity, as Temporal makes them: each is given the last heartbeat of the one before. */
async function attempts(count: number, doneFiles: (attempt: number) => number): Promise<unknown[]> {
  const ends: unknown[] = [];
  let heartbeatDetails: unknown;
  for (let attempt = 1; attempt <= count; attempt++) {
    const environment = new MockActivityEnvironment({ attempt, heartbeatDetails }, { logger: quiet });
    environment.on('heartbeat', (told: InFlight) => (heartbeatDetails = told));
    const act = () =>
      supervise(
        'old-1',
        'Send 3 items',
        'job',
        async (job) => {
          job.report({ done: 1, total: 0, unit: 'bytes', rate: 0, doneFiles: doneFiles(attempt) });
          throw link;
        },
        { keeps: true },
      );
    ends.push(await environment.run(act).catch((error: unknown) => error));
  }
  return ends;
}

test('days over a flaky link: what advances is tried again, however often', async () => {
  const ends = await attempts(mostFruitless * 3, (attempt) => attempt);
  expect(ends.every((end) => end === link)).toBe(true);
});

test('what gets no further is given up after many attempts, with the last reason', async () => {
  const ends = await attempts(mostFruitless + 2, () => 7);
  expect(ends[mostFruitless]).toBe(link);
  expect(ends.at(-1)).toMatchObject({
    type: 'NoAdvance',
    nonRetryable: true,
    message:
      'Send 3 items: 120 attempts in a row got no further, the last one since old-1 cannot reach new-1. Next: mend the cause, then retry: what was done stays done.',
  });
});
