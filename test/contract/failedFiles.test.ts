import type { Failed } from '../../src/activities/copy';
import { failedFiles, pairsOf } from '../../src/api/failedFiles';
import { consignment, handHeldCopy, Scene } from './agents';

let scene: Scene;
beforeEach(() => void (scene = new Scene()));
afterEach(() => scene.close());

const { from, to } = consignment();
const failed = Array.from({ length: 12_345 }, (_, n) => ({ path: `share/${n}`, phase: 'read' as const, why: 'EIO' }));

test('every failed file of a pair is told, over as many pages as it takes', async () => {
  const asked: number[] = [];
  const { table } = handHeldCopy({
    failures: async ({ after, limit }) => {
      asked.push(after);
      return { failures: failed.slice(after, after + limit), total: failed.length };
    },
  });
  const { url } = await scene.agent({ drivers: table });
  const client = scene.client(url);
  const told: Failed[] = [];
  for await (const file of failedFiles([{ from, to }], () => client)) told.push(file);
  expect(told.map(({ path }) => path)).toEqual(failed.map(({ path }) => path));
  expect(told[0]).toEqual({ fsvm: 'a', path: 'share/0', phase: 'read', why: 'EIO' });
  expect(asked).toEqual([0, 5_000, 10_000]);
});

test('the pairs of a run are those of its plan, each once; without a plan there are none', () => {
  const placement = ['x', 'y'].map((item) => ({ item, from: 'a', to: 'b' }));
  const plan = { digest: '', sentences: [], content: { placement, stores: { a: from, b: to } } };
  expect(pairsOf({ plan })).toEqual([{ from, to }]);
  expect(pairsOf({})).toEqual([]);
});
