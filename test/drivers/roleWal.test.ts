import { Commits, parseRecord } from '../../src/drivers/role/commits';
import { parseHistory, parting } from '../../src/drivers/role/history';
import { endOfRecord, formatLsn, segmentName } from '../../src/drivers/role/lsn';
import { positionOf } from '../../src/planning/failover/lsn';

const MiB16 = 16 * 1024 ** 2;

test('positions in the WAL are read, written, and placed in their segment', () => {
  expect(formatLsn(positionOf('16/B374D848'))).toBe('16/B374D848');
  expect(formatLsn(positionOf('0/0'))).toBe('0/0');
  expect(segmentName(2, positionOf('16/B374D848'), MiB16)).toBe('0000000200000016000000B3');
  expect(segmentName(26, positionOf('1/1'), 1024 ** 3)).toBe('0000001A0000000100000000');
});

test.each([
  ['within a page', '0/3000148', 34, '0/3000170'],
  ['to the very end of a page', '0/3001FD8', 40, '0/3002000'],
  ['into the next page, which begins with 24 bytes of its own', '0/3001FD8', 48, '0/3002020'],
  ['into the next segment, which begins with 40', '0/3FFFFD8', 48, '0/4000030'],
  ['over several pages', '0/3001FD8', 40 + 8168 + 8, '0/3004020'],
])('a record ends %s', (_, from, length, to) => {
  expect(formatLsn(endOfRecord(positionOf(from), length, MiB16))).toBe(to);
});

describe('two ways through the timelines', () => {
  const left = (...branches: [number, string][]) =>
    branches.map(([timeline, at]) => ({ timeline, until: positionOf(at) }));
  const spans = (...all: [number, string, string?][]) =>
    all.map(([timeline, from, to]) => ({ timeline, from: positionOf(from), ...(to && { to: positionOf(to) }) }));

  test('a history file is read, its reasons and comments are not', () => {
    expect(parseHistory('1\t0/3000110\tno recovery target specified\n\n# x\n2\t1/A0\tbefore 2026\n')).toEqual(
      left([1, '0/3000110'], [2, '1/A0']),
    );
  });

  test('the old primary stayed where the new one left', () => {
    const theirs = { timeline: 2, left: left([1, '0/50']) };
    expect(parting({ timeline: 1, left: [] }, theirs)).toEqual({ fork: 0x50n, spans: spans([1, '0/50']) });
  });

  test('on the same timeline there is no fork', () => {
    const way = { timeline: 2, left: left([1, '0/50']) };
    expect(parting(way, way)).toEqual({ spans: [] });
  });

  test('both left the same timeline, at different places', () => {
    const early = { timeline: 2, left: left([1, '0/50']) };
    const late = { timeline: 3, left: left([1, '0/80']) };
    expect(parting(late, early)).toEqual({ fork: 0x50n, spans: spans([1, '0/50', '0/80'], [3, '0/80']) });
    expect(parting(early, late)).toEqual({ fork: 0x50n, spans: spans([2, '0/50']) });
  });

  test('several failovers were slept through', () => {
    const theirs = { timeline: 4, left: left([1, '0/50'], [2, '0/60'], [3, '0/90']) };
    expect(parting({ timeline: 2, left: left([1, '0/50']) }, theirs)).toEqual({
      fork: 0x60n,
      spans: spans([2, '0/60']),
    });
  });

  test('strangers have nothing in common', () => {
    expect(parting({ timeline: 1, left: [] }, { timeline: 5, left: [] })).toBeUndefined();
  });
});

test('commits are told from what commits nothing of an application', () => {
  const line = (kind: string, xid: number, says: string) =>
    `rmgr: ${kind.padEnd(11)} len (rec/tot):     34/    34, tx:        ${xid}, lsn: 0/03000148, prev 0/03000110, desc: ${says}`;
  const commits = new Commits();
  const lines = [
    line('Heap', 7, 'INSERT off 3 flags 0x00, blkref #0: rel 1663/5/16384 blk 0'),
    line('Transaction', 7, 'COMMIT 2026-11-25 19:00:00.000000 UTC'),
    line('LogicalMessage', 8, 'MESSAGE transactional, prefix "evenkeel"; payload (6 bytes): 63'),
    line('Transaction', 8, 'COMMIT 2026-11-25 19:00:00.000000 UTC'),
    line('Heap', 9, 'INSERT off 3 flags 0x00, blkref #0: rel 1663/5/2619 blk 0'),
    line('Heap', 9, 'INPLACE off 3, blkref #0: rel 1663/5/1259 blk 0'),
    line('Transaction', 9, 'COMMIT 2026-11-25 19:00:00.000000 UTC'),
    line('Transaction', 10, 'ABORT 2026-11-25 19:00:00.000000 UTC'),
    line('Transaction', 0, 'COMMIT_PREPARED 11: 2026-11-25 19:00:00.000000 UTC'),
    'pg_waldump: error: error in WAL record at 0/3000148: invalid record length',
  ];
  for (const record of lines.map(parseRecord)) if (record) commits.take(record, true);
  expect(commits.xids).toEqual([7, 11]);
  expect(commits.count).toBe(2);
});
