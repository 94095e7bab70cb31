import { formatDuration } from '../contract/amounts';
import type { ObjectEntry } from '../contract/objects';
import type { RunbookName } from '../contract/runbooks';

/** What is started for an object: one that can be resized is provisioned, any other is only forecast. */
const runbookOf = ({ resize }: ObjectEntry): { runbook: RunbookName; prefix: string } =>
  resize
    ? { runbook: 'provisionObject', prefix: 'provision-object' }
    : { runbook: 'forecastObject', prefix: 'forecast-object' };

/** When Temporal starts a runbook for one object. Times in ms. */
export interface ObjectTimetable {
  id: string;
  runbook: RunbookName;
  input: { object: string; onFailure: 'undo' };
  everyMs: number;
  jitterMs: number;
  catchUpMs: number;
  note: string;
}

/** A schedule that Temporal has. */
export interface FoundSchedule {
  id: string;
  /** The fleet whose file it was made from; undefined when somebody made it by hand. */
  fleet?: string;
  paused: boolean;
  note: string;
  /** Undefined where nothing more had to be known. */
  timetable?: { everyMs: number; jitterMs: number; catchUpMs: number; current: boolean };
}

export interface ScheduleChange {
  id: string;
  change: 'make' | 'change' | 'keep' | 'remove' | 'leave';
  why: string;
}

/** The schedules that the objects of a fleet file need. */
export function schedulesOf(objects: Record<string, ObjectEntry>): ObjectTimetable[] {
  return Object.entries(objects).map(([object, entry]) => {
    const { runbook, prefix } = runbookOf(entry);
    const { every, jitter, catchUp } = entry.schedule;
    return {
      id: `${prefix}/${object}`,
      runbook,
      // Nobody watches it: a run that held would keep all later ones from starting.
      input: { object, onFailure: 'undo' },
      ...{ everyMs: every, jitterMs: jitter, catchUpMs: catchUp },
      note: noteOf(entry),
    };
  });
}

const noteOf = ({ autonomy, resize }: ObjectEntry): string =>
  resize ? notes[autonomy] : 'forecast only: it has no resize';

const notes: Record<ObjectEntry['autonomy'], string> = {
  forecast: 'says which size it would take',
  ask: 'resizes after an approval',
  act: 'resizes by itself',
};

/** What is done so that Temporal starts what the fleet file says. Only schedules of this fleet are changed or removed. */
export function planSchedules(
  fleet: string,
  wanted: readonly ObjectTimetable[],
  found: readonly FoundSchedule[],
): ScheduleChange[] {
  const there = new Map(found.map((each) => [each.id, each]));
  const ids = new Set(wanted.map(({ id }) => id));
  const gone = found.filter((each) => each.fleet === fleet && !ids.has(each.id));
  return [
    ...wanted.map((each) => changeFor(fleet, each, there.get(each.id))),
    ...gone.map(({ id }): ScheduleChange => {
      const instead = wanted.find((each) => objectIn(each.id) === objectIn(id));
      const why = instead ? `${instead.id} takes its place` : 'the fleet file has no such object';
      return { id, change: 'remove', why };
    }),
  ];
}

const objectIn = (id: string): string => id.slice(id.indexOf('/') + 1);

function changeFor(fleet: string, wanted: ObjectTimetable, found: FoundSchedule | undefined): ScheduleChange {
  const { id } = wanted;
  if (!found) return { id, change: 'make', why: `${timesOf(wanted)}; ${wanted.note}` };
  if (found.fleet !== fleet) {
    const whose = found.fleet === undefined ? 'it was made by hand' : `it belongs to fleet "${found.fleet}"`;
    return { id, change: 'leave', why: `${whose}: delete it there first` };
  }
  const why = differences(wanted, found);
  return why.length > 0 ? { id, change: 'change', why: why.join('; ') } : { id, change: 'keep', why: timesOf(wanted) };
}

/** While it is paused the note says who paused it, and why: that stays. */
function differences(wanted: ObjectTimetable, { timetable, note, paused }: FoundSchedule): string[] {
  const why: string[] = [];
  if (!timetable || timesOf(timetable) !== timesOf(wanted)) why.push(`it becomes ${timesOf(wanted)}`);
  if (timetable && !timetable.current) why.push('its runs start with another input');
  if (!paused && note !== wanted.note) why.push(wanted.note);
  return why;
}

function timesOf({
  everyMs,
  jitterMs,
  catchUpMs,
}: Pick<ObjectTimetable, 'everyMs' | 'jitterMs' | 'catchUpMs'>): string {
  const spread = jitterMs > 0 ? `, spread over ${formatDuration(jitterMs)}` : '';
  return `every ${formatDuration(everyMs)}${spread}, caught up within ${formatDuration(catchUpMs)}`;
}
