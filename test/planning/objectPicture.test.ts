import fc from 'fast-check';
import type { Outlook } from '../../src/contract/outlook';
import { keptBy } from '../../src/planning/forecast/kept';
import { loadPlot } from '../../src/planning/picture/loadPlot';
import { objectPicture } from '../../src/planning/picture/objectPicture';
import { thinned } from '../../src/planning/picture/thinned';
import { policyDefaults } from '../../src/planning/provisioning/policy';
import { verdictOf } from '../../src/planning/provisioning/rehearsal';
import type { Replay } from '../../src/planning/provisioning/simulate';

const stepMs = 3_600_000;
const startMs = Date.UTC(2026, 0, 5);

/** Said at a step of the history: the same value for so many steps. */
function outlook(step: number, value: number, steps: number, more: Partial<Outlook> = {}): Outlook {
  const atMs = startMs + step * stepMs;
  const mean = Array.from({ length: steps }, () => value);
  const bands = [80, 95].map((level) => ({
    level,
    lower: mean.map((each) => each - level / 10),
    upper: mean.map((each) => each + level / 10),
  }));
  const evidence = { model: 'trend', errors: { trend: 1 }, naive: 2, origins: 24, why: 'So.' };
  const forecast = { startMs: atMs, stepMs, mean, bands, ...evidence };
  return { atMs, forecast, ...more };
}

const history = { startMs, stepMs, values: Array.from({ length: 48 }, (_, step) => step) };
const decision = { wish: 4, desired: 4, rule: 'predictive' as const, reason: 'So', bounds: [], done: true };

describe('the picture of an object', () => {
  test('shows what was said a day before, never longer, and what was provided since somebody knew', () => {
    const outlooks = [
      outlook(0, 100, 30, { size: 1, capacity: 10 }),
      outlook(10, 200, 30, { size: null, capacity: 10 }),
      outlook(20, 300, 60, { size: 3, capacity: 10, decision }),
    ];
    const picture = objectPicture({ object: 'web', history, forecast: outlooks[2]!.forecast, outlooks });
    const earlier = picture.earlier!.values;
    expect([earlier[0], earlier[23], earlier[24], earlier[33], earlier[34], earlier[47]]).toEqual([
      ...[100, 100, 200, 200, null, null],
    ]);
    const capacity = picture.capacity!.values;
    expect([capacity[0], capacity[9], capacity[10], capacity[20], capacity[47]]).toEqual([10, 10, null, 30, 30]);
    expect(new Set(picture.recommended!.values)).toEqual(new Set([40]));
  });

  test('a forecast that has ended is drawn as one of the past, and the plot has no line ahead', () => {
    const old = outlook(20, 300, 10, { size: 3, capacity: 10, decision });
    const picture = objectPicture({ object: 'web', history, forecast: old.forecast, outlooks: [old] });
    expect(picture.forecast.values).toEqual([]);
    expect(picture.recommended).toBeUndefined();
    expect(picture.earlier!.values[25]).toBe(300);
    expect(loadPlot(picture)).not.toMatch(/NaN|>forecast</);
  });

  test('whatever the width, the legend stays inside', () => {
    const outlooks = [
      outlook(0, 100, 30, { size: 1, capacity: 10 }),
      outlook(40, 10, 24, { size: 1, capacity: 10, decision }),
    ];
    const picture = objectPicture({
      object: 'web',
      unit: 'requests/s',
      history,
      forecast: outlooks[1]!.forecast,
      outlooks,
    });
    fc.assert(
      fc.property(fc.integer({ min: 260, max: 1200 }), (width) => {
        const svg = loadPlot(picture, { width, height: 240 });
        const places = [...svg.matchAll(/<text x="([\d.]+)" y="[\d.]+" fill="currentColor">/g)].map(([, x]) =>
          Number(x),
        );
        expect(places).toHaveLength(5);
        for (const place of places) expect(place).toBeLessThan(width - 20);
      }),
    );
  });

  test('thinned it has the same mean, time and bands, in fewer points', () => {
    const now = outlook(48, 10, 24);
    const picture = objectPicture({ object: 'web', history, forecast: now.forecast, outlooks: [now] });
    const few = thinned(picture, 24);
    expect(few.history).toMatchObject({ startMs, stepMs: 3 * stepMs });
    expect(few.history.values.slice(0, 3)).toEqual([1, 4, 7]);
    expect(few.forecast.bands[1]!.upper).toEqual(Array(8).fill(19.5));
    expect(thinned(picture, 1_000)).toBe(picture);
  });
});

test('a forecast is held against what came, as far as it was measured', () => {
  const { forecast } = outlook(40, 45, 24);
  const came = { ...history, values: history.values.map((value, step) => (step === 47 ? null : value)) };
  expect(keptBy(forecast, came)).toEqual({
    steps: 7,
    inside: [
      { level: 80, share: 1 },
      { level: 95, share: 1 },
    ],
    meanError: (5 + 4 + 3 + 2 + 1 + 0 + 1) / 7,
    meanLoad: 43,
  });
  expect(keptBy(outlook(40, 36, 24).forecast, came)!.inside).toEqual([
    { level: 80, share: 5 / 7 },
    { level: 95, share: 6 / 7 },
  ]);
  expect(keptBy(outlook(48, 45, 24).forecast, came)).toBeUndefined();
});

test('the verdict of a replay names what is saved, what is short, and whether that is allowed', () => {
  const replay = (rule: string, cost: number, violations: number): Replay => ({
    ...{ rule, cost, violations, changesADay: 12.34, unserved: 0, idle: 0 },
  });
  const policy = { ...policyDefaults, unit: 1, min: 1, max: 9, leadSteps: 1 };
  const beside = [
    replay('static peak', 2, 0),
    replay('HPA at 70 %', 1.25, 0.03),
    replay('same as yesterday', 1.2, 0.1),
  ];
  expect([
    verdictOf([replay('evenkeel', 1.25, 0.004), ...beside], policy, 7),
    verdictOf([replay('evenkeel', 1.5, 0.02), ...beside], policy, 7),
  ]).toMatchInlineSnapshot(`
   [
     "In these 7 days, switched on, it would have needed 38 % less capacity than static peak (short of capacity 0 % of the time) and as much capacity as HPA at 70 % (short of capacity 3 % of the time); it would have been short of capacity 0.4 % of the time, within the 1 % that are aimed at, with 12 changes a day.",
     "In these 7 days, switched on, it would have needed 25 % less capacity than static peak (short of capacity 0 % of the time) and 20 % more capacity than HPA at 70 % (short of capacity 3 % of the time); it would have been short of capacity 2 % of the time, more than the 1 % that are aimed at, with 12 changes a day: leave it at \`autonomy: forecast\`, or give it a smaller \`capacity\`.",
   ]
  `);
});
