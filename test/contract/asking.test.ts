import { Asking, patience } from '../../src/activities/asking';

const never = new Promise<never>(() => {});

/** How long a look takes at which one host answers at once and another one never, and what is said of that. */
async function look(suffice: () => boolean, shortMs?: number): Promise<{ tookMs: number; silent: string }> {
  const asked = new Asking();
  let silent = '';
  asked.put('there', Promise.resolve({}), () => {});
  asked.put('gone', never, (answer: { silent?: string }) => {
    silent = answer.silent ?? '';
  });
  const begun = Date.now();
  await asked.answers(suffice, () => false, shortMs);
  return { tookMs: Date.now() - begun, silent };
}

test('who does not answer is waited for as long as the look has patience, and no longer than the longest', async () => {
  const [hurry, watch, calm] = await Promise.all([
    look(() => true),
    look(() => true, patience.fairMs),
    look(() => false),
  ]);
  const order = [hurry, watch, calm].map(({ tookMs }) => tookMs);
  expect(order).toEqual(order.toSorted((a, b) => a - b));
  expect(watch.tookMs).toBeGreaterThanOrEqual(patience.fairMs);
  expect(calm.tookMs).toBeGreaterThanOrEqual(patience.longMs);
  expect(watch.silent).toMatch(/^no answer within \d+ ms$/);
});
