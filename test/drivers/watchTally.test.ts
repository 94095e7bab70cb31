import * as fc from 'fast-check';
import { meaningOf } from '../../src/services/watcher/line';
import { Tally } from '../../src/services/watcher/tally';

const heard = ['answers', 'late', 'failing'] as const;
const missed = ['silent', 'refused', 'unreachable'] as const;
const isHeard = (says: string): says is (typeof heard)[number] => heard.some((one) => one === says);

test('misses are counted in a row, and whoever waits hears when they are enough, and of every other word', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom(...heard, ...missed), { minLength: 1 }),
      fc.integer({ min: 1, max: 4 }),
      (outcomes, most) => {
        const tally = new Tally(most, () => 7);
        let row = 0;
        for (const [at, says] of outcomes.entries()) {
          const changed = isHeard(says) ? tally.answered({ says }) : tally.missed(says, 'a test');
          row = isHeard(says) ? 0 : row + 1;
          expect(tally.sight).toMatchObject({ says, misses: row });
          expect(tally.isSilent).toBe(row >= most);
          expect(changed).toBe(outcomes[at - 1] !== says || row === most);
        }
      },
    ),
  );
});

test('what is dead was what it was, and says since when', () => {
  let now = 1;
  const tally = new Tally(2, () => now++);
  tally.answered({ says: 'answers', role: 'primary' });
  tally.processIs('runs');
  for (let times = 0; times < 3; times++) tally.missed('silent', 'no answer');
  expect(tally.sight).not.toHaveProperty('never');
  const last = { says: 'silent', why: 'no answer', misses: 3, role: 'primary', process: 'runs' };
  expect(tally.sight).toEqual({ ...last, sinceMs: 2 });
  expect(tally.processIs('gone')).toBe(true);
  expect(tally.processIs('gone')).toBe(false);
});

test('what never answered is told from what has gone', () => {
  const tally = new Tally(2, () => 7);
  tally.missed('refused', 'nothing listens');
  expect(tally.sight).toMatchObject({ never: true });
  tally.answered({ says: 'late' });
  tally.missed('refused', 'nothing listens');
  expect(tally.sight).not.toHaveProperty('never');
});

test.each([
  ['ECONNRESET', 'read ECONNRESET'],
  [undefined, 'Connection terminated unexpectedly'],
  [undefined, 'Client has encountered a connection error and is not queryable'],
  [undefined, 'Client was closed and is not queryable'],
])('a connection that went away (%s, %s) says nothing of the server: it is asked anew', (code, message) => {
  expect(meaningOf(Object.assign(new Error(message), { code }), false)).toEqual({ says: 'cut', why: message });
});
