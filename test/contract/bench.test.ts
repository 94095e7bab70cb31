import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { seeded, shuffled } from '../../bench/random';
import { compared, ratioOf } from '../../bench/ratio';
import { alternate, tabulate, type Side } from '../../bench/rounds';
import { Table, type Metric } from '../../bench/table';

const wall: Metric = { metric: 'wall', better: 'less', unit: 'seconds' };
const rate: Metric = { metric: 'rate', better: 'more', unit: 'files/s' };
const quiet = { rounds: 3, random: seeded(1), say: () => {} };

test('a ratio above 1 means that ours is better, whichever way better points', () => {
  expect(ratioOf('less', 2, 4)).toBe(2);
  expect(ratioOf('more', 2, 4)).toBe(0.5);
  const figure = fc.double({ min: 1e-3, max: 1e6, noNaN: true });
  fc.assert(
    fc.property(figure, figure, (ours, peer) => {
      expect(ratioOf('less', ours, peer) > 1).toBe(ours < peer);
      expect(ratioOf('more', ours, peer) > 1).toBe(ours > peer);
    }),
  );
});

test('the ratio is that of the medians, its spread that of the pairs', () => {
  const { ours, peer, ratio, runs } = compared('less', [1, 2, 10], [4, 4, 5]);
  expect([ours.median, peer.median, ratio, runs]).toEqual([2, 4, { median: 2, min: 0.5, max: 4 }, 3]);
  expect(compared('more', [1, 3], [1, 1]).ours.median).toBe(2);
  expect(() => compared('more', [1, 2], [1])).toThrow('no pairs');
});

test('rows are written as the form that others read', () => {
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-bench-test-'));
  try {
    const table = new Table();
    table.add('ingest/small', wall, [2, 3, 4], 'rsync -a', [6, 6, 6]);
    table.add('ingest/small', rate, [20, 30, 40], 'rsync -a', [10, 10, 10]);
    table.addUnmeasured('ingest/small', wall, 'rclone copy', 'no rclone on the PATH');
    const file = join(folder, 'rows.json');
    table.write(file);
    const row = { case: 'ingest/small', peerName: 'rsync -a' };
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual([
      { ...row, metric: 'wall', better: 'less', ours: 3, peer: 6, ratio: 2, runs: 3 },
      { ...row, metric: 'rate', better: 'more', ours: 30, peer: 10, ratio: 3, runs: 3 },
      {
        ...{ case: 'ingest/small', metric: 'wall', better: 'less', ours: null, peer: null, ratio: null, runs: 0 },
        ...{ peerName: 'rclone copy', why: 'no rclone on the PATH' },
      },
    ]);
    expect(table.toString()).toContain('rclone copy');
    expect(table.toString()).toContain('not measured: no rclone on the PATH');
    expect(table.toString()).toMatch(
      /3\.00 s +\(2\.00 s to 4\.00 s\) +rsync -a +6\.00 s .* 2\.00 +\(1\.50 to 3\.00\) +3/,
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('every side runs once a round, and a peer that fails costs only its own rows', async () => {
  const order: string[] = [];
  const side = (name: string, sample: () => number): Side => ({
    name,
    run: async (round) => {
      order.push(`${name}${round}`);
      return { wall: sample() };
    },
  });
  const broken = side('broken', () => {
    throw new Error('no such tool');
  });
  const outcomes = await alternate([side('ours', () => 1), side('rsync', () => 2), broken], quiet);
  expect(order.toSorted()).toEqual(['broken1', ...[1, 2, 3].flatMap((n) => [`ours${n}`, `rsync${n}`])].toSorted());
  const table = new Table();
  tabulate(table, 'ingest/small', [wall], outcomes);
  expect(table.rows.map(({ peerName, ratio, why }) => [peerName, ratio, why])).toEqual([
    ['rsync', 2, undefined],
    ['broken', null, 'no such tool'],
  ]);
});

test('one seed, one order', () => {
  const things = [1, 2, 3, 4, 5, 6];
  expect(shuffled(things, seeded(7))).toEqual(shuffled(things, seeded(7)));
  expect(shuffled(things, seeded(7)).toSorted((a, b) => a - b)).toEqual(things);
});
