import * as fc from 'fast-check';
import { ObjectEntry } from '../../src/contract/objects';
import { planSchedules, schedulesOf, type FoundSchedule } from '../../src/planning/schedules';

const resize = { by: 'exec', set: ['scale', '{size}'], read: ['scale'] };
const entry = (more: object = {}): ObjectEntry =>
  ObjectEntry.parse({
    host: 'a1',
    series: { from: 'csv', file: '/srv/load.csv' },
    ...{ min: 1, max: 9, capacity: 10 },
    ...more,
  });

/** As Temporal has it when it was applied. */
const applied = (fleet: string, objects: Record<string, ObjectEntry>): FoundSchedule[] =>
  schedulesOf(objects).map(({ id, note, ...timetable }) => ({
    ...{ id, fleet, note, paused: false },
    timetable: { ...timetable, current: true },
  }));

test('what can be resized is provisioned, the rest only forecast', () => {
  const objects = {
    web: entry({ resize, autonomy: 'act', schedule: { every: '15min', jitter: '10s', catchUp: '5min' } }),
    cache: entry(),
  };
  expect(schedulesOf(objects)).toEqual([
    {
      id: 'provision-object/web',
      runbook: 'provisionObject',
      input: { object: 'web', onFailure: 'undo' },
      ...{ everyMs: 900_000, jitterMs: 10_000, catchUpMs: 300_000, note: 'resizes by itself' },
    },
    {
      id: 'forecast-object/cache',
      runbook: 'forecastObject',
      input: { object: 'cache', onFailure: 'undo' },
      ...{ everyMs: 3_600_000, jitterMs: 30_000, catchUpMs: 600_000, note: 'forecast only: it has no resize' },
    },
  ]);
});

test('what changed is named; what is of somebody else is left alone', () => {
  const before = { web: entry({ resize }), cache: entry(), gone: entry(), paused: entry(), moved: entry() };
  const there = applied('berlin', before).map((each) =>
    each.id.endsWith('/paused') ? { ...each, paused: true, note: 'pause by ann' } : each,
  );
  const after = {
    web: entry({ resize, autonomy: 'ask', schedule: { every: '15min', jitter: '0s' } }),
    cache: entry(),
    paused: entry(),
    moved: entry({ resize }),
    hand: entry(),
    other: entry(),
  };
  const byOthers: FoundSchedule[] = [
    { id: 'forecast-object/hand', paused: false, note: 'by ann' },
    { id: 'forecast-object/other', fleet: 'paris', paused: false, note: '' },
    { id: 'forecast-object/theirs', fleet: 'paris', paused: false, note: '' },
  ];
  const plan = planSchedules('berlin', schedulesOf(after), [...there, ...byOthers]);
  expect(`\n${plan.map(({ id, change, why }) => `${change} ${id}: ${why}`).join('\n')}\n`).toMatchInlineSnapshot(`
   "
   change provision-object/web: it becomes every 15 min, caught up within 10 min; resizes after an approval
   keep forecast-object/cache: every 1 h, spread over 30 s, caught up within 10 min
   keep forecast-object/paused: every 1 h, spread over 30 s, caught up within 10 min
   make provision-object/moved: every 1 h, spread over 30 s, caught up within 10 min; says which size it would take
   leave forecast-object/hand: it was made by hand: delete it there first
   leave forecast-object/other: it belongs to fleet "paris": delete it there first
   remove forecast-object/gone: the fleet file has no such object
   remove forecast-object/moved: provision-object/moved takes its place
   "
  `);
});

test('applied twice, nothing changes; every wanted one is there once, and no other of the fleet', () => {
  const some = fc.uniqueArray(fc.record({ name: fc.constantFrom('a', 'b', 'c', 'd', 'e'), resized: fc.boolean() }), {
    selector: ({ name }) => name,
  });
  const objectsOf = (all: { name: string; resized: boolean }[]) =>
    Object.fromEntries(all.map(({ name, resized }) => [name, entry(resized ? { resize } : {})]));
  fc.assert(
    fc.property(some, some, (before, after) => {
      const [old, now] = [objectsOf(before), objectsOf(after)];
      const there = new Map(applied('berlin', old).map((each) => [each.id, each]));
      for (const { id, change } of planSchedules('berlin', schedulesOf(now), [...there.values()])) {
        if (change === 'remove') there.delete(id);
        else
          there.set(
            id,
            applied('berlin', now).find((each) => each.id === id)!,
          );
      }
      expect([...there.keys()].toSorted()).toEqual(
        schedulesOf(now)
          .map(({ id }) => id)
          .toSorted(),
      );
      const again = planSchedules('berlin', schedulesOf(now), [...there.values()]);
      expect(again.every(({ change }) => change === 'keep')).toBe(true);
    }),
  );
});
