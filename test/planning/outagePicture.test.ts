import fc from 'fast-check';
import { outageLetters } from '../../src/planning/picture/outageLetters';
import { momentsOf, outagePicture, type WriteEnd } from '../../src/planning/picture/outagePicture';
import { outagePlot } from '../../src/planning/picture/outagePlot';

const size = { width: 700, height: 260 };
const startMs = Date.UTC(2026, 0, 5);

const anyPicture = fc
  .record({
    writes: fc.array(
      fc.record({
        endMs: fc.option(fc.integer({ min: -1_000, max: 20_000 }), { nil: undefined }),
        outcome: fc.constantFrom('acknowledged' as const, 'failed' as const, 'unknown' as const),
      }),
      { maxLength: 400 },
    ),
    lengthMs: fc.integer({ min: 1, max: 15_000 }),
    gap: fc.option(fc.tuple(fc.nat(15_000), fc.nat(15_000))),
    phases: fc.array(fc.record({ atMs: fc.integer({ min: -500, max: 16_000 }), what: fc.string() }), { maxLength: 6 }),
  })
  .map(({ writes, lengthMs, gap, phases }) => {
    const ends = writes.map(({ endMs, outcome }): WriteEnd => ({
      outcome,
      ...(endMs !== undefined && { endMs: startMs + endMs }),
    }));
    const [fromMs, toMs] = [startMs, startMs + lengthMs];
    const picture = outagePicture(
      ends,
      { fromMs, toMs },
      {
        title: 'writes <around> a failure',
        ...(gap && { gap: { fromMs: startMs + Math.min(...gap), toMs: startMs + Math.max(...gap) } }),
        phases: phases.map(({ atMs, what }) => ({ atMs: startMs + atMs, what })),
      },
    );
    return { picture, ends, fromMs, toMs };
  });

test('every write that ended within the picture is in it, once', () => {
  fc.assert(
    fc.property(anyPicture, ({ picture, ends, fromMs }) => {
      const lastMs = fromMs + picture.acknowledged.length * picture.stepMs;
      const within = ends.filter(({ endMs }) => endMs !== undefined && endMs >= fromMs && endMs < lastMs);
      const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0);
      const good = within.filter(({ outcome }) => outcome === 'acknowledged').length;
      expect([sum(picture.acknowledged), sum(picture.missed)]).toEqual([good, within.length - good]);
    }),
  );
});

test('every point of the plot lies within it, and nothing in it is not a number', () => {
  fc.assert(
    fc.property(anyPicture, ({ picture }) => {
      const svg = outagePlot({ ...picture, phases: picture.phases.map((phase) => ({ ...phase, what: 'x' })) }, size);
      expect(svg).not.toMatch(/NaN|Infinity|undefined|<around>/);
      for (const [, x, y] of svg.matchAll(/M(-?[\d.]+) (-?[\d.]+)/g)) {
        expect(Number(x)).toBeGreaterThanOrEqual(0);
        expect(Number(x)).toBeLessThanOrEqual(size.width);
        expect(Number(y)).toBeGreaterThanOrEqual(0);
        expect(Number(y)).toBeLessThanOrEqual(size.height);
      }
    }),
  );
});

test('letters keep to their width, and name each phase', () => {
  fc.assert(
    fc.property(anyPicture, fc.integer({ min: 30, max: 120 }), ({ picture }, width) => {
      const said = { ...picture, phases: picture.phases.map((phase, i) => ({ ...phase, what: `phase ${i}` })) };
      const rows = outageLetters(said, width);
      for (const row of rows) expect(Array.from(row).length).toBeLessThanOrEqual(width);
      said.phases.forEach((_, i) => expect(rows.join('\n')).toContain(`phase ${i}`));
    }),
  );
});

test('a failure as it looks in a terminal', () => {
  const writes = Array.from({ length: 400 }, (_, i): WriteEnd => {
    const endMs = startMs + i * 10;
    const outcome = endMs > startMs + 1_000 && endMs < startMs + 1_600 ? 'unknown' : 'acknowledged';
    return outcome === 'unknown' && i % 20 ? { outcome } : { endMs, outcome };
  });
  const picture = outagePicture(
    writes,
    { fromMs: startMs, toMs: startMs + 4_000 },
    {
      title: 'orders',
      gap: { fromMs: startMs + 1_000, toMs: startMs + 1_600 },
      phases: [
        { atMs: startMs + 1_000, what: 'p1 is killed' },
        { atMs: startMs + 1_210, what: 'the forwarders are closed' },
        { atMs: startMs + 1_480, what: 'p2 is promoted' },
      ],
    },
  );
  expect(`\n${outageLetters(picture, 60).join('\n')}\n`).toMatchInlineSnapshot(`
   "
   10 ┤██████████      ████████████████████████
      ┤██████████      ████████████████████████
      ┤██████████      ████████████████████████
      ┤██████████      ████████████████████████
    0 ┤██████████▄ × × ████████████████████████
       -1 s      0 s       1 s       2 s
                 1 2 3
       1     +0 ms  p1 is killed
       2   +210 ms  the forwarders are closed
       3   +480 ms  p2 is promoted
   "
  `);
  expect(outagePlot(picture)).toContain('no write for 600 ms');
  expect(momentsOf(picture, 4).map(({ label }) => label)).toEqual(['-1 s', '0 s', '1 s', '2 s', '3 s']);
});
