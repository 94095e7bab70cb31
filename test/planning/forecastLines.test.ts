import { lineAnswerer } from '../../src/cli/forecastLines';
import { day, hourly, mondayMs, wobble } from './loads';

const start = new Date(mondayMs).toISOString();
const { values } = hourly(24 * 10, (hour) => day(hour) + 3 * wobble(hour));
const ask = (answer: (line: string) => object, request: object) =>
  answer(JSON.stringify(request)) as Record<string, unknown>;

test('a request gets its forecast, with bands, errors of the models and a sentence', () => {
  const said = ask(lineAnswerer(), { id: 'a', start, step: 3600, values, horizon: 6, levels: [80, 95] });
  expect(said).toMatchObject({ id: 'a', model: 'seasonality', why: expect.stringContaining('Seasonality') as string });
  expect(Object.keys(said['lo'] as object)).toEqual(['80', '95']);
  expect(Object.keys(said['scores'] as object)).toEqual(['baseline', 'seasonality', 'trend', 'seasonalNaive']);
  expect(said['mean']).toHaveLength(6);
});

test.each([
  ['no JSON', '{', /JSON/],
  ['no observation', { id: 'a', start, step: 3600, values: [null], horizon: 6, levels: [80] }, /no observation/],
  ['no time', { id: 'a', start: 'soon', step: 3600, values, horizon: 6, levels: [80] }, /"start"/],
  ['no step', { id: 'a', start, step: 0, values, horizon: 6, levels: [80] }, /"step"/],
  ['words for numbers', { id: 'a', start, step: 3600, values: ['1'], horizon: 6, levels: [80] }, /"values"/],
  ['no horizon', { id: 'a', start, step: 3600, values, horizon: 0, levels: [80] }, /"horizon"/],
  ['a step before its init', { cmd: 'step', id: 'b', observed: 1, current: 1 }, /comes after the "init"/],
  ['an unknown command', { cmd: 'stop', id: 'b' }, /"cmd"/],
])('what cannot be answered is refused in words: %s', (_, request, words) => {
  const line = typeof request === 'string' ? request : JSON.stringify(request);
  expect((lineAnswerer()(line) as { error: string }).error).toMatch(words);
});

test('an object is provisioned step by step', () => {
  const answer = lineAnswerer();
  const object = { unit: 10, delay: 1, min: 1, max: 50, current: 12, slo: 0.01 };
  expect(ask(answer, { cmd: 'init', id: 'a', start, step: 3600, history: values, ...object })).toMatchObject({
    ok: true,
  });
  for (let hour = values.length; hour < values.length + 12; hour++) {
    const said = ask(answer, { cmd: 'step', id: 'a', observed: day(hour), current: 12 });
    expect(said).toMatchObject({ rule: 'predictive', reason: expect.stringContaining('for the forecast') as string });
    expect((said['desired'] as number) * object.unit).toBeGreaterThan(day(hour + 1) - 10);
  }
});
