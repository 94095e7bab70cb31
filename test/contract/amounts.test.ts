import { assert, integer, nat, property } from 'fast-check';
import {
  formatBytes,
  formatDuration,
  formatRate,
  parseBytes,
  parseDuration,
  remainingMs,
  shareOf,
} from '../../src/contract/amounts';

test.each([
  [0, '0 B'],
  [1023, '1023 B'],
  [1024, '1 KiB'],
  [1536, '1.5 KiB'],
  [64 * 1024 ** 2, '64 MiB'],
  [1024 ** 2 - 1, '1 MiB'],
  [123_456_789, '118 MiB'],
  [5.5 * 1024 ** 4, '5.5 TiB'],
])('%d bytes are written %s', (bytes, text) => expect(formatBytes(bytes)).toBe(text));

test.each([
  ['50MiB', 50 * 1024 ** 2],
  ['64 MB', 64_000_000],
  ['1.5g', 1.5 * 1024 ** 3],
  ['10MiB/s', 10 * 1024 ** 2],
  ['4096', 4096],
  ['1e9', 1e9],
  ['5 lightyears', undefined],
  ['-1', undefined],
  ['', undefined],
])('"%s" is read as %s bytes', (text, bytes) => expect(parseBytes(text)).toBe(bytes));

test.each([
  [0, '0 ms'],
  [999, '999 ms'],
  [1_000, '1.0 s'],
  [59_400, '59 s'],
  [60_000, '1 min'],
  [90_000, '1 min 30 s'],
  [93_784_000, '1 d 2 h'],
])('%d ms are written %s', (ms, text) => expect(formatDuration(ms)).toBe(text));

test.each([
  ['90s', 90_000],
  ['15min', 900_000],
  ['1h30min', 5_400_000],
  ['1d', 86_400_000],
  ['500', 500],
  ['soon', undefined],
  ['3 weeks', undefined],
])('"%s" is read as %s ms', (text, ms) => expect(parseDuration(text)).toBe(ms));

test('a size is short, and reading it back is at most half a last digit off', () => {
  assert(
    property(integer({ min: 0, max: 2 ** 52 }), (bytes) => {
      const text = formatBytes(bytes);
      expect(text.length).toBeLessThanOrEqual(9);
      expect(Math.abs(parseBytes(text)! - bytes)).toBeLessThanOrEqual(bytes * 0.006);
    }),
  );
});

test('a time never grows when it is written down, and loses less than its second unit', () => {
  assert(
    property(integer({ min: 10_000, max: 90 * 86_400_000 }), (ms) => {
      const read = parseDuration(formatDuration(ms).replaceAll(' ', ''))!;
      expect(read).toBeLessThanOrEqual(ms + 500);
      expect(read).toBeGreaterThan(ms - 3_600_000);
    }),
  );
});

test('the time left is told only when somebody can know it', () => {
  expect(remainingMs(10, 0, 5)).toBeUndefined();
  expect(remainingMs(10, 20, 0)).toBeUndefined();
  expect(remainingMs(10, 20, 5)).toBe(2_000);
  assert(
    property(nat(), nat(), nat(), (done, total, rate) => {
      const left = remainingMs(done, total, rate);
      expect(left === undefined || left >= 0).toBe(true);
      const share = shareOf(done, total);
      expect(share === undefined || (share >= 0 && share <= 1)).toBe(true);
    }),
  );
});

test('a rate names its unit', () => {
  expect(formatRate(10 * 1024 ** 2, 'bytes')).toBe('10 MiB/s');
  expect(formatRate(12.34, 'files')).toBe('12.3 files/s');
});
