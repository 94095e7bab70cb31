import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunView } from '../../src/api/views';
import type { Outlook } from '../../src/contract/outlook';
import type { Output, Report } from '../../src/contract/runbooks';
import { stackTokens } from '../../src/stack/stackState';
import { Laboratory, plain, sentences } from '../setup/laboratory';
import { daily, stepMs, writeLoad } from '../setup/loads';

const hourMs = 3_600_000;
const kinds = ['said', 'asked', 'done', 'young', 'stale', 'gone', 'bare'] as const;
type Kind = (typeof kinds)[number];

let lab: Laboratory;
let root: string;
const nameOf = (kind: Kind): string => `${kind}-${lab.tag}`;
const csv = (kind: Kind): string => join(root, `${kind}.csv`);
const sizeFile = (kind: Kind): string => join(root, `${kind}.size`);
const size = (kind: Kind): number => Number(readFileSync(sizeFile(kind), 'utf8'));

beforeAll(async () => {
  lab = await Laboratory.open({
    objects: (folder, tag) => {
      root = folder;
      return Object.fromEntries(kinds.map((kind) => [`${kind}-${tag}`, objectOf(kind)]));
    },
  });
  const now = Date.now();
  for (const kind of kinds) {
    writeFileSync(sizeFile(kind), '3');
    writeLoad(csv(kind), daily, kind === 'stale' ? now - 2 * hourMs : now, kind === 'young' ? 0.014 : 14);
  }
}, 60_000);
afterAll(() => lab.close());

function objectOf(kind: Kind): object {
  const script = "require('fs').writeFileSync(process.argv[1], process.argv[2])";
  const resize = {
    by: 'exec',
    set: [process.execPath, '-e', script, sizeFile(kind), '{size}'],
    read: ['cat', sizeFile(kind)],
  };
  const autonomy = kind === 'said' || kind === 'bare' ? 'forecast' : kind === 'asked' ? 'ask' : 'act';
  return {
    ...{ host: 'new-1', min: 1, max: 40, capacity: 25, autonomy },
    series: { from: 'csv', file: csv(kind) },
    ...(kind !== 'bare' && { resize }),
  };
}

type Result = Output<'provisionObject'>;
const resultOf = (run: RunView): Result => (run.report as Report<Result>).result!;

async function provision(kind: Kind): Promise<RunView> {
  const { id } = await lab.operator.start('provision-object', { object: nameOf(kind) }, 'ann');
  return lab.until(id, 'ended');
}

test('an object that is only forecast is not touched: what would be done is said', async () => {
  const run = await provision('said');
  expect(sentences(run).map((each) => each.replaceAll(lab.tag, 'TAG'))).toMatchInlineSnapshot(`
   [
     "done: Look up said in the fleet",
     "done: Take said, so that no other run touches it",
     "done: Read the load of said on new-1",
     "done: Forecast the load of said",
     "done: Publish what is forecast of said",
   ]
  `);
  expect(resultOf(run)).toMatchObject({ was: 3, size: 3, rule: 'predictive', resized: false });
  expect(resultOf(run).desired).toBeGreaterThan(3);
  expect(resultOf(run).errorBesideYesterday).toBeLessThan(1);
  expect(size('said')).toBe(3);
});

test('nothing moves before somebody says yes', async () => {
  const { id } = await lab.operator.start('provision-object', { object: nameOf('asked') }, 'ann');
  const waiting = await lab.until(id, 'waiting for approval');
  expect(size('asked')).toBe(3);
  expect(waiting.plan!.sentences.map(plain).join('\n')).toContain('3 units now');
  await lab.operator.decide(id, { approved: true, by: 'bob', why: 'it is needed' });
  const run = await lab.until(id, 'ended');
  expect(resultOf(run)).toMatchObject({ resized: true });
  expect(size('asked')).toBe(resultOf(run).desired);
});

test('an object that may act is resized, and the next run holds what was said against what came', async () => {
  const first = resultOf(await provision('done'));
  expect(first).toMatchObject({ was: 3, resized: true, rule: 'predictive' });
  expect(size('done')).toBe(first.desired);
  const agent = lab.agent('new-1');
  const { outlooks } = await agent.load.recallOutlooks({
    object: nameOf('done'),
    sinceMs: 0,
    steps: 300,
  });
  expect(outlooks.at(-1)).toMatchObject({ size: first.desired, decision: { done: true, desired: first.desired } });
  await agent.load.publishOutlook({
    object: nameOf('done'),
    outlook: movedBack(outlooks.at(-1)!, 2 * hourMs),
    lease: { target: nameOf('done'), epoch: 50 },
  });
  const again = resultOf(await provision('done'));
  expect(again).toMatchObject({ was: first.desired, promised: { steps: expect.any(Number) } });
  const metrics = await fetch(`${lab.stack.fleet.hosts['new-1']!.agent}/metrics`, {
    headers: { authorization: `Bearer ${stackTokens(join(lab.folder, 'state')).agent}` },
  });
  expect(await metrics.text()).toContain(`evenkeel_recommended_size{object="${nameOf('done')}",rule="predictive"}`);
}, 60_000);

/** An outlook as if it had been said earlier. */
const movedBack = (outlook: Outlook, ms: number): Outlook => ({
  ...outlook,
  atMs: outlook.atMs + 1,
  forecast: { ...outlook.forecast, startMs: outlook.forecast.startMs - Math.round(ms / stepMs) * stepMs },
});

test('a forecast that has proved nothing is not acted on: the load of now decides, and the reason is said', async () => {
  const result = resultOf(await provision('young'));
  expect(result).toMatchObject({ rule: 'reactive' });
  expect(result.reason).toContain('since');
});

test('old or missing data never lead to a resize', async () => {
  const stale = resultOf(await provision('stale'));
  expect(stale).toMatchObject({ resized: false, size: 3, desired: 3 });
  expect(stale.reason).toMatch(/as before: the last load that is known is \d+ steps old/);
  rmSync(csv('gone'));
  const gone = await provision('gone');
  expect(gone.phase).toBe('failed');
  expect(plain(gone.failure!.message)).toMatchInlineSnapshot(
    `"LAB/new-1/gone.csv does not exist on new-1. Next: check its name."`,
  );
  const rows = Array.from({ length: 600 }, (_, i) => Math.floor(Date.now() / stepMs - 2 * (600 - i)) * stepMs);
  writeFileSync(csv('gone'), ['time,value', ...rows.map((at) => `${new Date(at).toISOString()},7`)].join('\n'));
  expect((await provision('gone')).failure).toMatchObject({ code: 'OtherStep' });
  expect(size('stale')).toBe(3);
  expect(size('gone')).toBe(3);
});

test('what cannot be resized is forecast all the same', async () => {
  const refused = await provision('bare');
  expect(refused.failure!.message).toContain('the fleet file does not say how');
  const { id } = await lab.operator.start('forecast-object', { object: nameOf('bare') }, 'ann');
  const run = await lab.until(id, 'ended');
  expect(resultOf(run)).toMatchObject({ object: nameOf('bare'), model: expect.any(String) });
  expect(resultOf(run).desired).toBeUndefined();
});
