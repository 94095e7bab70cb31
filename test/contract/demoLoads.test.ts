import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { shop, stepMs, walk, type Shape } from '../../src/cli/demoLoads';
import { packageRoot } from '../../src/stack/places';

const dayMs = 86_400_000;
const moments = ['2026-11-25T09:00Z', '2027-03-06T23:30Z', '2028-02-29T00:00Z'];

/** Two weeks of a load until then, as the program is asked for a forecast of it. */
function request(id: string, shape: Shape, now: number): string {
  const startMs = now - 14 * dayMs;
  const values = Array.from({ length: (14 * dayMs) / stepMs }, (_, i) => shape(startMs + i * stepMs) ?? null);
  const step = stepMs / 1000;
  return JSON.stringify({
    ...{ id, step, values, start: new Date(startMs).toISOString() },
    ...{ horizon: dayMs / stepMs, levels: [80] },
  });
}

/** In a process of its own: inside jest a forecast takes ten times as long. */
test('at whatever moment the demo is started, a forecast of the shop may be acted on and one of the walk may not', () => {
  const lines = moments.flatMap((moment) => {
    const now = Date.parse(moment);
    return [request(`shop ${moment}`, shop(now), now), request(`walk ${moment}`, walk, now)];
  });
  const program = [join(packageRoot, 'bin', 'evenkeel.js'), 'forecast', '--jsonl'];
  const options = { input: `${lines.join('\n')}\n`, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const;
  const answers = execFileSync(process.execPath, program, options).trim().split('\n');
  const cautions = answers.map((answer) => {
    const { id, caution = 'may be acted on' } = JSON.parse(answer) as { id: string; caution?: string };
    return `${id}: ${caution.replace(/ \(\d+ %.*/, '')}`;
  });
  expect(cautions).toEqual(
    moments.flatMap((moment) => [
      `shop ${moment}: may be acted on`,
      `walk ${moment}: no model was better than "as at this time yesterday" in the backtest`,
    ]),
  );
});
