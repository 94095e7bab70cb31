import {
  ScheduleAlreadyRunning,
  ScheduleNotFoundError,
  type Client,
  type ScheduleHandle,
  type ScheduleOptions,
  type ScheduleSpecDescription,
} from '@temporalio/client';
import { formatDuration } from '../contract/amounts';
import { Refusal } from '../contract/errors';
import { kebab } from '../contract/runbooks';
import { meantBy, nearId } from './partOfId';
import { asRefusal } from './said';
import { readyRun, runbookNamed, startOptions } from './startRun';

/** A runbook that Temporal starts by itself. One of `cron` and `everyMs` is set. */
export interface Timetable {
  runbook: string;
  input: unknown;
  cron?: string;
  /** At least a second. */
  everyMs?: number;
  timezone?: string;
  /** Each start is put off by up to this, so that many schedules do not start at once. */
  jitterMs?: number;
  /** Starts that were missed while Temporal was down are made up for if they are younger than this. */
  catchUpMs?: number;
  note?: string;
  /** The fleet whose file it comes from; left out, it was made by hand. */
  fleet?: string;
}

export interface ScheduleView {
  id: string;
  runbook: string;
  paused: boolean;
  note: string;
  /** A cron line as it was written, or an interval. */
  when: string;
  fleet?: string;
  next?: string;
  last?: string;
}

const hourMs = 3_600_000;

/** Makes a schedule, or gives an existing one these times and this input. A run that still goes on is not started a second time. */
export async function applySchedule(client: Client, id: string, timetable: Timetable, by: string): Promise<void> {
  const options = optionsOf(id, timetable, by);
  try {
    await client.schedule.create(options);
  } catch (error) {
    if (!(error instanceof ScheduleAlreadyRunning)) throw asRefusal(error, { client, id, what: 'make a schedule' });
    await told(client, id, 'change it', (handle) =>
      handle.update((before) => ({ ...options, state: { ...before.state, note: options.state?.note ?? '' } })),
    );
  }
}

/** A schedule as Temporal is told of it. */
export function optionsOf(id: string, timetable: Timetable, by: string) {
  const { runbook, input, cron, everyMs, timezone, jitterMs, catchUpMs, note, fleet } = timetable;
  const ready = readyRun(runbookNamed(runbook), input);
  return {
    scheduleId: id,
    spec: {
      // Temporal keeps what a cron line means, and of the line itself its comment alone.
      ...(cron !== undefined && { cronExpressions: [`${cron} # ${cron}`] }),
      ...(everyMs !== undefined && { intervals: [{ every: everyMs }] }),
      ...(timezone !== undefined && { timezone }),
      ...(jitterMs !== undefined && { jitter: jitterMs }),
    },
    action: {
      type: 'startWorkflow',
      workflowType: ready.name,
      workflowId: ready.id,
      ...startOptions(ready, `schedule ${id}`),
    },
    policies: { overlap: 'SKIP', catchupWindow: catchUpMs ?? hourMs },
    state: { note: note ?? `by ${by}` },
    memo: { by, ...(fleet !== undefined && { fleet }) },
  } satisfies ScheduleOptions;
}

export async function listSchedules(client: Client): Promise<ScheduleView[]> {
  const views: ScheduleView[] = [];
  try {
    for await (const each of client.schedule.list()) {
      const next = each.info.nextActionTimes[0];
      const last = each.info.recentActions.at(-1)?.takenAt;
      const { fleet } = (each.memo ?? {}) as { fleet?: string };
      views.push({
        id: each.scheduleId,
        runbook: kebab(each.action?.workflowType ?? ''),
        paused: each.state.paused,
        note: each.state.note ?? '',
        when: whenOf(each.spec),
        ...(fleet !== undefined && { fleet }),
        ...(next && { next: next.toISOString() }),
        ...(last && { last: last.toISOString() }),
      });
    }
  } catch (error) {
    throw asRefusal(error, { client, id: '', what: 'list the schedules' });
  }
  return views;
}

const whenOf = (spec: ScheduleSpecDescription | undefined): string =>
  [
    ...(spec?.calendars ?? []).map(({ comment }) => comment ?? ''),
    ...(spec?.intervals ?? []).map(({ every }) => `every ${formatDuration(every)}`),
  ].join(', ');

/** What a word does to a schedule; `note` is kept with it. */
const acts = {
  pause: (handle: ScheduleHandle, note: string) => handle.pause(note),
  resume: (handle: ScheduleHandle, note: string) => handle.unpause(note),
  trigger: (handle: ScheduleHandle) => handle.trigger(),
  delete: (handle: ScheduleHandle) => handle.delete(),
};
export type ScheduleWord = keyof typeof acts;

/** Says a word to the schedule that an id, or a part of one, means; answers with its whole id. */
export async function tellSchedule(client: Client, given: string, word: ScheduleWord, note: string): Promise<string> {
  // What was deleted does not come back: a part of an id will not do.
  const id = word === 'delete' ? given : await scheduleMeant(client, given);
  await told(client, id, `${word} it`, (handle) => acts[word](handle, note));
  return id;
}

/** Starts what would have started between two moments, one run after the other. Answers with the whole id. */
export async function backfillSchedule(client: Client, given: string, start: Date, end: Date): Promise<string> {
  if (start > end || end.getTime() > Date.now())
    throw new Refusal('BadInput', { what: 'a backfill goes from a time that has passed to a later one that has too' });
  const id = await scheduleMeant(client, given);
  await told(client, id, 'backfill it', (handle) => handle.backfill({ start, end, overlap: 'BUFFER_ALL' }));
  return id;
}

/** The schedule that an id, or a part of one, means. */
async function scheduleMeant(client: Client, given: string): Promise<string> {
  const ids = (await listSchedules(client)).map((each) => each.id);
  const [id, ...others] = meantBy(given, ids);
  if (id === undefined) throw new Refusal('NoSuchSchedule', { id: given, near: nearId(given, ids) });
  if (others.length > 0) throw new Refusal('ManyRuns', { id: given, which: [id, ...others].slice(0, 5).join(' or ') });
  return id;
}

async function told(
  client: Client,
  id: string,
  what: string,
  act: (handle: ScheduleHandle) => Promise<void>,
): Promise<void> {
  try {
    await act(client.schedule.getHandle(id));
  } catch (error) {
    if (error instanceof ScheduleNotFoundError) throw new Refusal('NoSuchSchedule', { id, near: '' }, { cause: error });
    throw asRefusal(error, { client, id, what });
  }
}
