import fc from 'fast-check';
import type { Attempt, ClientLog } from '../../src/laboratory/clients/log';
import { readLog } from '../../src/laboratory/clients/log';
import { outcomeOf } from '../../src/laboratory/clients/outcome';
import { gapOf } from '../../src/laboratory/gap';
import { judge } from '../../src/laboratory/history';

const outcomes = ['acknowledged', 'failed', 'unknown'] as const;

interface World {
  log: ClientLog;
  present: Map<string, number>;
}

/** What clients see of a database that keeps its word: unknown writes are there or not, as it happens. */
const honestWorld: fc.Arbitrary<World> = fc
  .array(
    fc.record({
      connection: fc.nat(4),
      afterMs: fc.nat(50),
      tookMs: fc.nat(300),
      outcome: fc.constantFrom(...outcomes),
      there: fc.boolean(),
      answered: fc.boolean(),
    }),
    { minLength: 1, maxLength: 60 },
  )
  .map((writes) => {
    let atMs = 1_000;
    const present = new Map<string, number>();
    const attempts = writes.map(({ connection, afterMs, tookMs, outcome, there, answered }, index): Attempt => {
      const [id, beginMs] = [`w-${index}`, (atMs += afterMs)];
      if (outcome === 'acknowledged' || (outcome === 'unknown' && there)) present.set(id, 1);
      return {
        ...{ connection, id, beginMs, outcome },
        ...((outcome !== 'unknown' || answered) && { endMs: beginMs + tookMs }),
        ...(outcome === 'acknowledged' && { server: 'p1', timeline: 1 }),
      };
    });
    const untilMs = Math.max(...attempts.map(({ beginMs, endMs }) => endMs ?? beginMs));
    return { log: { attempts, refused: [], untilMs }, present };
  });

const ofOutcome = ({ log }: World, outcome: Attempt['outcome']) =>
  log.attempts.filter((attempt) => attempt.outcome === outcome);

test('a database that keeps its word is found sound, whatever was unknown', () => {
  fc.assert(
    fc.property(honestWorld, (world) => {
      const verdict = judge({ logs: [world.log], present: world.present });
      expect(verdict).toMatchObject({
        sound: true,
        lost: [],
        twice: [],
        risen: [],
        strange: [],
        acknowledgedByOld: [],
      });
      for (const outcome of outcomes) expect(verdict[outcome]).toBe(ofOutcome(world, outcome).length);
      const there = ofOutcome(world, 'unknown').filter(({ id }) => world.present.has(id));
      expect(verdict.unknownPresent).toBe(there.length);
      expect(verdict.sentences.join(' ')).not.toMatch(/NaN|undefined|Infinity/);
    }),
  );
});

test('every acknowledged write that is gone, and no other, is called lost', () => {
  fc.assert(
    fc.property(honestWorld, fc.func(fc.boolean()), (world, goes) => {
      const gone = ofOutcome(world, 'acknowledged')
        .map(({ id }) => id)
        .filter((id) => goes(id));
      gone.forEach((id) => world.present.delete(id));
      const verdict = judge({ logs: [world.log], present: world.present });
      expect(verdict.lost).toEqual(gone);
      expect(verdict.sound).toBe(gone.length === 0);
    }),
  );
});

test('what is there twice, what was told to have failed, and what nobody wrote is named', () => {
  fc.assert(
    fc.property(honestWorld, fc.integer({ min: 2, max: 5 }), (world, often) => {
      const [one] = world.present.keys();
      if (one !== undefined) world.present.set(one, often);
      const failed = ofOutcome(world, 'failed').map(({ id }) => id);
      failed.forEach((id) => world.present.set(id, 1));
      world.present.set('nobody', 1);
      const verdict = judge({ logs: [world.log], present: world.present });
      expect(verdict).toMatchObject({ sound: false, risen: failed, strange: ['nobody'] });
      expect(verdict.twice).toEqual(one === undefined ? [] : [one]);
    }),
  );
});

test('an old primary is found out by what it acknowledges of writes that began after the promotion', () => {
  fc.assert(
    fc.property(honestWorld, fc.nat(60), fc.func(fc.boolean()), (world, at, isOld) => {
      const promotedMs = world.log.attempts[at % world.log.attempts.length]!.beginMs;
      const newer = (attempt: Attempt) => attempt.beginMs > promotedMs && !isOld(attempt.id);
      for (const attempt of ofOutcome(world, 'acknowledged')) attempt.timeline = newer(attempt) ? 2 : 1;
      const all = ofOutcome(world, 'acknowledged');
      const later = all.filter(({ timeline, beginMs }) => timeline === 1 && beginMs > promotedMs).map(({ id }) => id);
      const isPromoted = all.some(({ timeline }) => timeline === 2);
      const verdict = judge({ logs: [world.log], present: world.present, promotedMs });
      expect(verdict.acknowledgedByOld).toEqual(isPromoted ? later : []);
      const unsaid = judge({ logs: [world.log], present: world.present });
      expect(later).toEqual(expect.arrayContaining(unsaid.acknowledgedByOld));
    }),
  );
});

test('the gap is the longest stretch that no success lies in', () => {
  fc.assert(
    fc.property(honestWorld, ({ log }) => {
      const gap = gapOf(log.attempts, log.untilMs);
      const within = log.attempts.filter(
        ({ outcome, endMs }) => outcome === 'acknowledged' && endMs! > gap.fromMs && endMs! < gap.toMs,
      );
      expect(within).toEqual([]);
      const successes = log.attempts.flatMap(({ outcome, endMs }) => (outcome === 'acknowledged' ? [endMs!] : []));
      const begin = Math.min(...log.attempts.map(({ beginMs }) => beginMs));
      for (const from of [begin, ...successes]) {
        const next = Math.min(log.untilMs, ...successes.filter((endMs) => endMs > from));
        expect(next - from).toBeLessThanOrEqual(gap.lengthMs);
      }
    }),
  );
});

const at = (beginMs: number, endMs?: number, outcome: Attempt['outcome'] = 'acknowledged'): Attempt => ({
  ...{ connection: 0, id: `w-${beginMs}`, beginMs, outcome },
  ...(endMs !== undefined && { endMs }),
});

test('a gap before the fault does not count, one that has not ended does', () => {
  const attempts = [at(0, 10), at(500, 510), at(600, 610), at(700, undefined, 'unknown')];
  expect(gapOf(attempts, 1_000)).toEqual({ fromMs: 10, toMs: 510, lengthMs: 500, over: true });
  expect(gapOf(attempts, 1_000, 605)).toEqual({ fromMs: 610, toMs: 1_000, lengthMs: 390, over: false });
});

test('a client that hears nothing after the fault hangs, whether it gave up at last or not', () => {
  const logs = [
    { attempts: [at(900, undefined, 'unknown')], refused: [], untilMs: 4_000 },
    { attempts: [at(100, 120), at(990, 3_500, 'unknown')], refused: [], untilMs: 4_000 },
    { attempts: [at(100, 120), at(990, 2_000)], refused: [], untilMs: 4_000 },
  ];
  const verdict = judge({ logs, present: new Map(), faultMs: 1_000, hungAfterMs: 2_500 });
  expect(verdict.hung).toEqual(['1/1', '2/1']);
});

test('a log that ends in the middle of a line, and of an attempt, is read', () => {
  const text = [
    '["begin",3,"w-1",100.5]',
    '["end","w-1",110,"acknowledged",["198.18.0.1",2],null]',
    '["begin",3,"w-2",120]',
    '["refused",4,90,340,"198.18.0.9","ETIMEDOUT"]',
    '["end","w-2",12',
  ].join('\n');
  expect(readLog(text)).toEqual({
    attempts: [
      {
        connection: 3,
        id: 'w-1',
        beginMs: 100.5,
        endMs: 110,
        outcome: 'acknowledged',
        server: '198.18.0.1',
        timeline: 2,
      },
      { connection: 3, id: 'w-2', beginMs: 120, outcome: 'unknown' },
    ],
    refused: [{ connection: 4, fromMs: 90, atMs: 340, address: '198.18.0.9', why: 'ETIMEDOUT' }],
    untilMs: 340,
  });
});

test.each([
  ['failed', 'a standby that takes no writes', { severity: 'ERROR', code: '25006' }],
  ['unknown', 'a server that stops while the commit waits', { severity: 'FATAL', code: '57P01' }],
  ['unknown', 'a pooler that lost its server', { severity: 'FATAL', code: '08P01' }],
  ['unknown', 'a connection that broke', { code: 'ECONNRESET' }],
  ['unknown', 'no answer', new Error('Query read timeout')],
] as const)('%s: %s', (outcome, _name, error) => {
  expect(outcomeOf(error)).toBe(outcome);
});
