import { shop, stepMs, walk, type Shape } from '../../src/cli/demoLoads';
import { forecast } from '../../src/planning/forecast/forecast';

const dayMs = 86_400_000;

/** What is said of two weeks of a load until then. */
function saidOf(shape: Shape, now: number) {
  const startMs = now - 14 * dayMs;
  const values = Array.from({ length: (14 * dayMs) / stepMs }, (_, i) => shape(startMs + i * stepMs) ?? null);
  return forecast({ series: { startMs, stepMs, values }, horizon: dayMs / stepMs, levels: [80, 95] })!;
}

test.each(['2026-11-25T09:00Z', '2027-03-06T23:30Z', '2028-02-29T00:00Z'])(
  'at whatever moment the demo is started (%s), the shop may be acted on and the walk may not',
  (moment) => {
    const now = Date.parse(moment);
    const { caution, filled } = saidOf(shop(now), now);
    expect({ caution, filled }).toEqual({ caution: undefined, filled: 180 });
    expect(saidOf(walk, now).caution).toMatch(/no model was better than "as at this time yesterday"/);
  },
);
