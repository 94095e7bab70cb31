import { isDeepStrictEqual } from 'node:util';
import { Detach } from '../../src/agent/client';
import { Refusal } from '../../src/contract/errors';
import { eventually } from '../setup/eventually';
import { consignment, first, handHeldCopy, jobContext, nothingSent, Scene } from './agents';

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.close());

const progress = { done: 1, total: 2, unit: 'bytes' as const, rate: 1, doneFiles: 0 };
const code = (expected: string) => expect.objectContaining({ name: 'Refusal', code: expected });

async function agentWithCopy(over: Parameters<typeof handHeldCopy>[0] = {}) {
  const { table, begun } = handHeldCopy(over);
  const agent = await scene.agent({ drivers: table, jobs: { backoffMs: [10, 10, 10] } });
  return { agent, begun, a: scene.client(agent.url, { pollMs: 2_000 }) };
}

test('a job is done once, whoever asks how often', async () => {
  const { a, begun } = await agentWithCopy();
  const id = 'ingest-vfs/files2/1/send share → b';
  const asked = [1, 2, 3].map(() => a.copy.send(consignment(), jobContext(id)));
  (await eventually(() => first(begun))).done();
  expect(await Promise.all(asked)).toEqual([nothingSent, nothingSent, nothingSent]);
  expect(await a.copy.send(consignment(), jobContext(id))).toEqual(nothingSent);
  expect(begun).toHaveLength(1);
});

test('progress reaches the caller while the job runs', async () => {
  const { a, begun } = await agentWithCopy();
  const job = jobContext('job');
  const sent = a.copy.send(consignment(), job);
  const work = await eventually(() => first(begun));
  work.job.report(progress);
  await eventually(() => job.reports.some((one) => isDeepStrictEqual(one, progress)));
  work.job.report({ ...progress, done: 2 });
  await eventually(() => job.reports.some((one) => isDeepStrictEqual(one, { ...progress, done: 2 })));
  work.done();
  expect(await sent).toEqual(nothingSent);
});

test('one id is one piece of work', async () => {
  const { a, begun } = await agentWithCopy();
  const sent = a.copy.send(consignment(), jobContext('job'));
  const work = await eventually(() => first(begun));
  await expect(a.copy.send(consignment(1, ['other']), jobContext('job'))).rejects.toEqual(code('JobTaken'));
  work.done();
  await sent;
});

test('a cancel waits until the job has ended, and the job can be started again', async () => {
  let state: 'waits' | 'works' | 'ended' = 'waits';
  const { a } = await agentWithCopy({
    send: (_, { signal }) =>
      new Promise((_resolve, reject) => {
        state = 'works';
        const end = () => setTimeout(() => ((state = 'ended'), reject(new Error('stopped'))), 300);
        signal.addEventListener('abort', end, { once: true });
      }),
  });
  const stop = new AbortController();
  const sent = a.copy.send(consignment(), jobContext('job', stop.signal));
  await eventually(() => state === 'works');
  stop.abort();
  await expect(sent).rejects.toEqual(code('JobCancelled'));
  expect(state).toBe('ended');
  expect((await a.host.jobs({ limit: 1 })).jobs[0]).toMatchObject({ id: 'job', state: 'cancelled' });
});

test('all jobs of a piece of work are stopped at once, those of others go on', async () => {
  const { a, begun } = await agentWithCopy();
  const sent = ['run/send-1', 'run/send-2', 'other/send-1'].map((id) =>
    a.copy.send(consignment(), jobContext(id)).catch((error: unknown) => error),
  );
  await eventually(() => begun.length === 3);
  const { lease } = consignment();
  expect(await a.host.stopJobs({ under: 'run/', lease })).toEqual({ stopped: 2 });
  for (const work of begun) work.done();
  expect(await Promise.all(sent)).toEqual([code('JobCancelled'), code('JobCancelled'), nothingSent]);
  expect(await a.host.stopJobs({ under: 'run/', lease })).toEqual({ stopped: 0 });
  await a.host.stopJobs({ under: 'run/', lease: { ...lease, epoch: 2 } });
  await expect(a.host.stopJobs({ under: 'run/', lease })).rejects.toEqual(code('StaleEpoch'));
});

test('who only lets go leaves the job running, and the next one attaches to it', async () => {
  const { a, begun } = await agentWithCopy();
  const worker = new AbortController();
  const sent = a.copy.send(consignment(), jobContext('job', worker.signal));
  const work = await eventually(() => first(begun));
  worker.abort(new Detach('this worker stops'));
  await expect(sent).rejects.toBeInstanceOf(Detach);
  expect(work.job.signal.aborted).toBe(false);
  const again = a.copy.send(consignment(), jobContext('job'));
  work.done();
  expect(await again).toEqual(nothingSent);
});

test('an error that is worth a retry is retried by the agent, so often and no more', async () => {
  let attempts = 0;
  const died = () =>
    Promise.reject(new Refusal('ServiceDied', { service: 'mover', host: 'a', why: `attempt ${++attempts}` }));
  const { a } = await agentWithCopy({ send: died });
  await expect(a.copy.send(consignment(), jobContext('job'))).rejects.toEqual(code('ServiceDied'));
  expect(attempts).toBe(4);
  await expect(a.copy.send(consignment(), jobContext('job'))).rejects.toEqual(code('ServiceDied'));
  expect(attempts).toBe(8);
});

test('a newer epoch stops what runs under an older one, then begins', async () => {
  const { a, begun } = await agentWithCopy();
  const old = a.copy.send(consignment(1), jobContext('old')).catch((error: unknown) => error);
  await eventually(() => first(begun));
  const next = a.copy.send(consignment(2), jobContext('new'));
  expect(await old).toEqual(code('StaleEpoch'));
  (await eventually(() => first(begun.slice(1)))).done();
  expect(await next).toEqual(nothingSent);
  await expect(a.copy.send(consignment(1), jobContext('old'))).rejects.toEqual(code('StaleEpoch'));
  expect(await a.host.epochs({})).toEqual({ epochs: { files2: 2 } });
});
