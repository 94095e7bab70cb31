import * as fc from 'fast-check';
import { decide } from '../../src/planning/provisioning/decide';
import { outlookAt, pastOutlooks } from '../../src/planning/provisioning/outlooks';
import { policyDefaults, type ProvisioningPolicy, type Situation } from '../../src/planning/provisioning/policy';
import { simulate } from '../../src/planning/provisioning/simulate';
import { changed, day, hourly, mondayMs, someLoad, wobble } from './loads';

const hourMs = 3_600_000;
const policy: ProvisioningPolicy = { ...policyDefaults, unit: 10, min: 2, max: 40, leadSteps: 1 };
const load = hourly(24 * 14, (hour) => day(hour) + 3 * wobble(hour));
const outlook = { ...outlookAt(load, load.values.length, 24)! };

const situation = (more: Partial<Situation> = {}): Situation => ({
  policy,
  stepMs: hourMs,
  startMs: mondayMs,
  observed: load.values,
  nowMs: mondayMs + load.values.length * hourMs,
  outlooks: [outlook],
  current: 12,
  lately: [],
  ...more,
});

test('no recommendation is outside min and max, whatever the load and whatever is known', () => {
  fc.assert(
    fc.property(
      someLoad,
      fc.constantFrom(1e-6, 1, 1e6),
      fc.integer({ min: 1, max: 20 }),
      fc.nat(20),
      fc.nat(100),
      fc.nat(6),
      (series, scale, min, more, current, late) => {
        const { startMs, stepMs, values } = changed(series, scale, 0);
        const made = outlookAt({ startMs, stepMs, values }, values.length, 12);
        const decision = decide({
          policy: { ...policy, unit: 10 * scale, min, max: min + more },
          stepMs,
          startMs,
          observed: values,
          nowMs: startMs + (values.length + late) * stepMs,
          outlooks: made ? [made] : [],
          current,
          lately: [],
        });
        expect(decision.desired).toBeGreaterThanOrEqual(min);
        expect(decision.desired).toBeLessThanOrEqual(min + more);
        expect(decision.reason).not.toMatch(/NaN|undefined|Infinity/);
      },
    ),
    { numRuns: 30, endOnFailure: true },
  );
});

test('it acts on a forecast that deserves it, ahead of the load', () => {
  const { rule, desired } = decide(situation());
  expect(rule).toBe('predictive');
  const next = day(load.values.length + 1);
  expect(desired * policy.unit).toBeGreaterThanOrEqual(next);
  expect(desired * policy.unit).toBeLessThan(next + 45);
});

test.each<[string, Partial<Situation>, RegExp]>([
  ['there is none', { outlooks: [] }, /since there is no forecast yet$/],
  [
    'it loses to yesterday',
    { outlooks: [{ ...outlook, caution: 'no model was better' }] },
    /since no model was better$/,
  ],
  [
    'it ends too early',
    { outlooks: [{ ...outlook, mean: outlook.mean.slice(0, 1) }] },
    /since the forecast does not reach so far$/,
  ],
  [
    'it has drifted',
    {
      outlooks: [
        { ...outlook, startMs: outlook.startMs - 24 * hourMs, mean: outlook.mean.map(() => 1), bands: tight(1) },
        outlook,
      ],
    },
    /since only \d+ % of the last day stayed below the upper end of the 95 % band$/,
  ],
])('it acts on the load of now when the forecast is not to be trusted: %s', (_, more, why) => {
  const decision = decide(situation(more));
  expect(decision.rule).toBe('reactive');
  expect(decision.reason).toMatch(why);
  expect(decision.desired * policy.unit).toBeGreaterThanOrEqual(load.values.at(-1)!);
});

function tight(at: number) {
  return [80, 95].map((level) => ({ level, lower: outlook.mean.map(() => at), upper: outlook.mean.map(() => at) }));
}

test('nothing is changed on load that is too old', () => {
  const late = situation({ nowMs: mondayMs + (load.values.length + 5) * hourMs });
  expect(decide(late)).toMatchObject({
    desired: 12,
    reason: '12 as before: the last load that is known is 5 steps old',
  });
  const holes = [...load.values.slice(0, -4), null, null, null, null];
  expect(decide(situation({ observed: holes }))).toMatchObject({ desired: 12, rule: 'reactive' });
});

test('up at once, down only to what was wished a step before, and not when the changes of the day are used up', () => {
  const before = (wish: number, desired: number) => [{ atMs: situation().nowMs - hourMs, wish, desired }];
  const free = decide(situation({ lately: before(5, 5) }));
  expect(free.bounds).toEqual([]);
  expect(free.desired).toBeGreaterThan(5);
  expect(decide(situation({ lately: before(30, 30) }))).toMatchObject({ desired: 30, bounds: ['hold'] });
  const restless = Array.from({ length: 60 }, (_, i) => ({
    atMs: situation().nowMs - (60 - i) * 60_000 - 2 * hourMs,
    wish: 5,
    desired: i % 2 === 0 ? 30 : 31,
  }));
  const tired = { policy: { ...policy, mostChangesADay: 50 }, lately: restless };
  expect(decide(situation(tired))).toMatchObject({ desired: 31, bounds: ['changes'] });
});

test('the margin is corrected from what the forecasts of then would have done', () => {
  const noisy = hourly(24 * 18, (hour) => day(hour) + 25 * wobble(hour));
  const outlooks = pastOutlooks(noisy, { from: 24 * 15, to: noisy.values.length + 1, every: 6, horizon: 8 });
  const asked = (slo: number) =>
    decide(
      situation({
        policy: { ...policy, slo },
        observed: noisy.values,
        nowMs: mondayMs + noisy.values.length * hourMs,
        outlooks,
      }),
    );
  expect(asked(0.01).margin).toBeGreaterThan(asked(0.4).margin!);
  expect(asked(0.01).wish).toBeGreaterThanOrEqual(asked(0.4).wish);
});

test('a replay of history shows the policy beside what people do without one', () => {
  const office = (hour: number) => (hour % 24 >= 8 && hour % 24 < 18 ? 150 : 20);
  const series = hourly(24 * 14, (hour) => office(hour) + 4 * wobble(hour));
  const { replays, decisions } = simulate({ series, policy: { ...policy, unit: 7 }, days: 3, every: 6 });
  expect(replays.map(({ rule }) => rule)).toEqual(['evenkeel', 'static peak', 'HPA at 70 %', 'same as yesterday']);
  const [ours, peak, hpa] = replays;
  expect(ours!.violations).toBeLessThan(hpa!.violations);
  expect(ours!.idle).toBeLessThan(peak!.idle);
  expect(decisions).toHaveLength(72);
  expect(decisions.every(({ desired }) => desired >= policy.min && desired <= policy.max)).toBe(true);
});
