import { appendFileSync, mkdirSync, renameSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Scene } from '../contract/agents';
import { agentLoad, bareLoad, folderIn, type Entries, type Load } from './loadScene';
import { dataset, endMs, sourceSuite, startMs, type Sample, type SourceLab } from './loadSources';

const text = (samples: Sample[]) =>
  samples.map(([atMs, value]) => `${new Date(atMs).toISOString()},${value ?? 'NaN'}\n`).join('');

/** Files below a root, and a driver that may read them. */
async function openCsv(
  scene: Scene,
  start: (root: string, entries: Entries) => Load | Promise<Load>,
): Promise<SourceLab> {
  const root = folderIn(scene, 'series');
  const { web, slow, late } = dataset();
  const entries: Entries = {};
  const files = {
    web: text(web.toReversed()),
    slow: text(slow),
    late: text(late),
    broken: 'time,value\n2026-01-01,many\n',
  };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(root, `${name}.csv`), content);
  for (const name of [...Object.keys(files), 'gone'])
    entries[name] = { series: { from: 'csv', file: join(root, `${name}.csv`) } };
  return {
    load: await start(root, entries),
    stop: async () => renameSync(join(root, 'web.csv'), join(root, 'away.csv')),
    start: async () => renameSync(join(root, 'away.csv'), join(root, 'web.csv')),
  };
}

const bare = (scene: Scene) => openCsv(scene, (root, entries) => bareLoad([root], entries));
sourceSuite('csv', test, bare, 'refused');
const throughHttp = (scene: Scene) => openCsv(scene, (root, entries) => agentLoad(scene, [root], entries));
sourceSuite('csv, through an agent', test, throughHttp, 'refused');

describe('a csv file', () => {
  let scene: Scene;
  let root: string;
  beforeEach(() => {
    scene = new Scene();
    root = folderIn(scene, 'series');
  });
  afterEach(() => scene.close());

  const read = async (content: string, more: object = {}, step = 60_000) => {
    const file = join(root, 'x.csv');
    writeFileSync(file, content);
    utimesSync(file, new Date(), new Date(Date.now() - 60_000));
    const load = bareLoad([root], { x: { series: { from: 'csv', file, ...more } } });
    const first = Date.UTC(2026, 0, 1);
    return (await load.readSeries({ object: 'x', fromMs: first, toMs: first + 3 * step, stepMs: step })).values;
  };

  test.each([
    [
      'ISO, headings, CRLF, a BOM, comments',
      '\uFEFFtime,value\r\n# by us\r\n2026-01-01T00:00:10Z,1\r\n\r\n2026-01-01 00:01:00,2\r\n',
    ],
    ['zones', '2026-01-01T01:00:10+01:00,1\n2025-12-31 22:01:05.5-0200,2'],
    ['seconds since 1970', '1767225610,1\n1767225660.25,2'],
    ['milliseconds', '1767225610000,1\n1767225660250,2'],
    ['nanoseconds, tabs', '1767225610000000000\t1\n1767225660250000000\t2'],
    ['semicolons, quotes, decimal commas', '"time";"value"\n"2026-01-01 00:00:10";"1,0"\n"2026-01-01 00:01:10";"2,0"'],
    [
      'values that say nothing',
      '2026-01-01T00:00:00Z,1\n2026-01-01T00:01:00Z,2\n2026-01-01T00:02:00Z,\n2026-01-01T00:02:30Z,NaN',
    ],
  ])('is read with %s', async (_, content) => {
    expect(await read(content)).toEqual([1, 2, null]);
  });

  test('columns are found by their headings', async () => {
    const content = 'host,when,"requests, all"\na,2026-01-01,5\na,2026-01-01 00:01,6\na,2026-01-01 00:02,7\n';
    expect(await read(content, { time: 'when', value: 'requests, all' })).toEqual([5, 6, 7]);
    await expect(read(content, { time: 'when', value: 'load' })).rejects.toThrow('there is no column "load"');
  });

  test.each([
    ['mean', 2],
    ['max', 4],
    ['sum', 6],
    ['last', 1],
  ])('several values within a step become one: %s', async (combine, one) => {
    const content = '2026-01-01T00:00:01Z,1\n2026-01-01T00:00:59Z,1\n2026-01-01T00:00:30Z,4\n';
    expect(await read(content, { combine })).toEqual([one, null, null]);
  });

  test.each([
    ['2026-01-01,1\n2026-01-01 00:01,x1\n', 'x.csv:2: "x1" is no number'],
    ['2026-01-01,1\nyesterday,2\n', 'x.csv:2: "yesterday" is no time'],
    ['2026-13-01,1\n', 'x.csv'],
    ['time,value\n2026-01-01 25:00,1\n', 'x.csv:2: "2026-01-01 25:00" is no time'],
    ['2026-01-01\n', 'x.csv:1: there are no two columns'],
  ])('an error names its line: %j', async (content, says) => {
    await expect(read(content)).rejects.toMatchObject({ message: expect.stringContaining(says) as string });
  });

  test('a last line that somebody is writing does not count yet', async () => {
    const file = join(root, 'growing.csv');
    writeFileSync(file, '2026-01-01,10\n2026-01-01 00:01,20\n2026-01-01 00:02,3');
    const load = bareLoad([root], { x: { series: { from: 'csv', file } } });
    const asked = { object: 'x', fromMs: Date.UTC(2026, 0, 1), toMs: Date.UTC(2026, 0, 1) + 180_000, stepMs: 60_000 };
    expect((await load.readSeries(asked)).values).toEqual([10, 20, null]);
    appendFileSync(file, '0\n');
    expect((await load.readSeries(asked)).values).toEqual([10, 20, 30]);
    writeFileSync(file, '');
    await expect(load.readSeries(asked)).rejects.toMatchObject({ code: 'NoSeries' });
  });

  test('values of a time that has not come tell of a wrong clock or zone', async () => {
    const future = new Date(Date.now() + 7_200_000).toISOString();
    await expect(read(`2026-01-01,1\n${future},2\n`)).rejects.toMatchObject({ code: 'ClockSkew' });
  });

  test('nothing outside the roots is read, not by a link either; a folder is no file', async () => {
    writeFileSync(join(root, '../secret.csv'), '2026-01-01,1\n');
    symlinkSync(join(root, '../secret.csv'), join(root, 'link.csv'));
    mkdirSync(join(root, 'folder'));
    const series = (file: string) => ({ series: { from: 'csv', file: join(root, file) } });
    const load = bareLoad([root], { link: series('link.csv'), up: series('../secret.csv'), folder: series('folder') });
    const ask = (object: string) => load.readSeries({ object, fromMs: startMs, toMs: endMs, stepMs: 60_000 });
    await expect(ask('link')).rejects.toMatchObject({ code: 'OutsideRoots' });
    await expect(ask('up')).rejects.toMatchObject({ code: 'OutsideRoots' });
    await expect(ask('folder')).rejects.toMatchObject({ code: 'NotPermitted' });
  });
});
