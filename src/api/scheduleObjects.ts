import { ScheduleNotFoundError, type Client, type ScheduleDescription } from '@temporalio/client';
import { taskQueue } from '../contract/runbooks';
import type { Fleet } from '../contract/fleet';
import {
  planSchedules,
  schedulesOf,
  type FoundSchedule,
  type ObjectTimetable,
  type ScheduleChange,
} from '../planning/schedules';
import { asRefusal } from './said';
import { applySchedule, listSchedules, tellSchedule } from './schedules';

/** Makes, changes and removes schedules until Temporal starts what the objects of a fleet file say. A dry run only tells. */
export async function scheduleObjects(
  client: Client,
  { fleet, objects }: Pick<Fleet, 'fleet' | 'objects'>,
  { by, dryRun = false }: { by: string; dryRun?: boolean },
): Promise<ScheduleChange[]> {
  const wanted = new Map(schedulesOf(objects).map((each) => [each.id, each]));
  const listed = (await listSchedules(client)).filter((each) => each.fleet === fleet && !wanted.has(each.id));
  const there = await Promise.all([...wanted.values()].map((each) => look(client, each)));
  const plan = planSchedules(fleet, [...wanted.values()], [...there.flat(), ...listed]);
  if (dryRun) return plan;
  for (const { id, change } of plan) {
    const timetable = wanted.get(id);
    if (change === 'remove') await tellSchedule(client, id, 'delete', '');
    else if (timetable && (change === 'make' || change === 'change'))
      await applySchedule(client, id, { ...timetable, fleet }, by);
  }
  return plan;
}

/** The schedule with the id that one is wanted under; none is an answer too. */
async function look(client: Client, wanted: ObjectTimetable): Promise<FoundSchedule[]> {
  const { id } = wanted;
  try {
    const found = await client.schedule.getHandle(id).describe();
    const { fleet } = (found.memo ?? {}) as { fleet?: string };
    const { paused, note = '' } = found.state;
    return [{ id, paused, note, ...(fleet !== undefined && { fleet }), timetable: timetableIn(found, wanted) }];
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) return [];
    throw asRefusal(error, { client, id, what: 'look at it' });
  }
}

function timetableIn({ spec, policies, action }: ScheduleDescription, wanted: ObjectTimetable) {
  const [input] = (action.args ?? []) as Record<string, unknown>[];
  const asWanted = Object.entries(wanted.input).every(([field, value]) => input?.[field] === value);
  return {
    everyMs: spec.intervals?.[0]?.every ?? 0,
    jitterMs: spec.jitter ?? 0,
    catchUpMs: policies.catchupWindow,
    current: asWanted && action.workflowType === wanted.runbook && action.taskQueue === taskQueue(),
  };
}
