import { Jobs, type JobsOptions } from '../../src/agent/jobs';
import { Journal } from '../../src/agent/journal';
import { eventually } from '../setup/eventually';
import { Scene } from './agents';

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.close());

const operation = { capability: 'copy', name: 'send' };
const code = (expected: string) => expect.objectContaining({ name: 'Refusal', code: expected });

async function jobsIn(stateDir: string, over: Partial<JobsOptions> = {}): Promise<Jobs> {
  const jobs = new Jobs({
    host: 'a',
    journal: await Journal.open(stateDir),
    perform: async (_, input) => input,
    readInput: (_, input) => input,
    log: () => {},
    ...over,
  });
  await jobs.load();
  scene.onEnd(() => jobs.stop(1_000));
  return jobs;
}

const done = async (jobs: Jobs, id: string) =>
  eventually(async () => (await jobs.view(id)).state === 'done' && (await jobs.view(id)));

test('only so many ended jobs are kept, the newest', async () => {
  const stateDir = scene.directory();
  const jobs = await jobsIn(stateDir, { keep: { jobs: 2, ageMs: 60_000 } });
  for (const id of ['1', '2', '3']) {
    await jobs.put(operation, id, { id });
    await done(jobs, id);
  }
  await eventually(() => jobs.list(10).length === 2);
  const again = await jobsIn(stateDir);
  expect(
    again
      .list(10)
      .map(({ id }) => id)
      .toSorted(),
  ).toEqual(['2', '3']);
  expect(await again.view('3')).toMatchObject({ state: 'done', output: { id: '3' } });
  await expect(again.view('1')).rejects.toEqual(code('JobLost'));
});

test('the order of keys makes no other input', async () => {
  const jobs = await jobsIn(scene.directory());
  await jobs.put(operation, 'job', { one: 1, two: { three: 3, four: 4 } });
  await expect(jobs.put(operation, 'job', { two: { four: 4, three: 3 }, one: 1 })).resolves.toMatchObject({
    id: 'job',
  });
  await expect(jobs.put(operation, 'job', { one: 1 })).rejects.toEqual(code('JobTaken'));
  await expect(jobs.put({ ...operation, name: 'digest' }, 'job', { one: 1 })).rejects.toEqual(code('JobTaken'));
});

test('a long poll returns with the next news, and without news after its time', async () => {
  let report: ((progress: unknown) => void) | undefined;
  const jobs = await jobsIn(scene.directory(), {
    perform: (_, __, job) =>
      new Promise((_resolve, reject) => {
        report = (progress) => job.report(progress);
        job.signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true });
      }),
  });
  const { revision } = await jobs.put(operation, 'job', {});
  const before = Date.now();
  expect(await jobs.wait('job', revision, 150)).toMatchObject({ revision, state: 'running' });
  expect(Date.now() - before).toBeGreaterThanOrEqual(140);
  const news = jobs.wait('job', revision, 20_000);
  (await eventually(() => report))({ done: 1 });
  expect(await news).toMatchObject({ revision: revision + 1, progress: { done: 1 } });
  const end = jobs.wait('job', revision + 1, 20_000);
  expect(await jobs.cancel('job', 5_000)).toMatchObject({ state: 'cancelled', error: { code: 'JobCancelled' } });
  expect(await end).toMatchObject({ state: 'cancelled' });
});

test('an agent that stops leaves its jobs running in the journal', async () => {
  const stateDir = scene.directory();
  const perform: JobsOptions['perform'] = (_, __, job) =>
    new Promise((_resolve, reject) =>
      job.signal.addEventListener('abort', () => reject(new Error('stopped')), { once: true }),
    );
  const jobs = await jobsIn(stateDir, { perform });
  await jobs.put(operation, 'job', { a: 1 });
  await jobs.stop(5_000);
  const next = await jobsIn(stateDir);
  expect(next.list(1)).toMatchObject([{ id: 'job', state: 'running' }]);
  await next.resume();
  expect(await done(next, 'job')).toMatchObject({ output: { a: 1 } });
});
