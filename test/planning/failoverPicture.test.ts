import fc from 'fast-check';
import { writesSeen } from '../../src/planning/failover/writesSeen';
import { failoverPicture } from '../../src/planning/picture/failoverPicture';
import { outagePlot } from '../../src/planning/picture/outagePlot';

const startMs = Date.UTC(2026, 0, 5);
const moments = fc.array(
  fc.integer({ min: -2_000, max: 40_000 }).map((ms) => startMs + ms),
  { maxLength: 300 },
);

test('every write of the observers within the time is counted once, in at most 120 steps', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ p1: moments, p2: moments }), { maxLength: 4 }),
      fc.integer({ min: 1, max: 60_000 }),
      (tracks, ms) => {
        const seen = writesSeen(tracks, { fromMs: startMs, toMs: startMs + ms });
        for (const [member, counts] of Object.entries(seen.members)) {
          expect(counts.length).toBeLessThanOrEqual(120);
          const untilMs = startMs + counts.length * seen.stepMs;
          expect(untilMs).toBeGreaterThanOrEqual(startMs + ms);
          const within = tracks
            .flatMap((track) => track[member as 'p1' | 'p2'])
            .filter((at) => at >= startMs && at < untilMs);
          expect(counts.reduce((sum, count) => sum + count, 0)).toBe(within.length);
        }
      },
    ),
  );
});

test('the picture of a report has its phases in order and nothing written before clients could', () => {
  const seen = { startMs, stepMs: 100, members: { p1: [3, 3, 0, 0, 0, 0, 0], p2: [0, 0, 0, 0, 2, 3, 3] } };
  const phases = [
    { what: 'decided', afterMs: 50 },
    { what: 'promoted', afterMs: 200 },
    { what: 'verified', afterMs: 350 },
  ];
  const told = { endpoint: 'orders', was: 'p1', primary: 'p2', phases, gapMs: 390, seen };
  expect(failoverPicture(told)).toBeUndefined();
  const picture = failoverPicture({ ...told, sinceMs: startMs + 200 })!;
  expect(picture.acknowledged).toEqual([3, 3, 0, 0, 0, 3, 3]);
  expect(picture.gap).toEqual({ fromMs: startMs + 160, toMs: startMs + 550 });
  expect(picture.phases.map(({ atMs, what }) => [atMs - startMs, what])).toEqual([
    [200, 'an observer misses p1'],
    [250, 'the failover is decided'],
    [400, 'the standby is promoted'],
    [550, 'writes come through every forwarder'],
  ]);
  expect(outagePlot(picture)).toMatch(/no write for 390 ms/);
});
