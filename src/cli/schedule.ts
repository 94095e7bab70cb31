import { Command, InvalidArgumentError } from 'commander';
import type { ScheduleView, ScheduleWord } from '../api/schedules';
import { parseDuration } from '../contract/amounts';
import { kebab, runbooks, type RunbookName } from '../contract/runbooks';
import { fieldsOf, flagOf, inputOf } from './flags';
import { parseTime } from '../drivers/load/time';
import { paintFor, printJson, printLine, table } from './print';
import { addObjects } from './scheduleFleet';
import { whoTypes, withOperator } from './session';

interface ApplyFlags {
  name?: string;
  cron?: string;
  every?: number;
  timezone?: string;
  jitter?: number;
  catchUp?: number;
  json?: boolean;
}

const schedules = () => import('../api/schedules.js');

/** `evenkeel schedule …`: Temporal starts a runbook at its times; a start while the last run still goes on is left out. */
export function addSchedule(program: Command): void {
  const schedule = program
    .command('schedule')
    .description('Runs at a time or an interval, started by Temporal itself.');
  const timetables = schedule
    .command('apply')
    .description('Make a schedule for a runbook, or for each object of the fleet file; or change what is there.')
    .usage('[runbook] [flags]');
  addObjects(timetables);
  for (const name of Object.keys(runbooks) as RunbookName[]) timetables.addCommand(applyOf(name, timetables));
  schedule
    .command('list')
    .description('The schedules, with their next start.')
    .option('--json', 'as one JSON document')
    .action(async ({ json }: { json?: boolean }) => {
      const all = await withOperator(async ({ client }) => (await schedules()).listSchedules(client));
      if (json) printJson(all);
      else printLine(listed(all));
    });
  addVerb(schedule, 'pause', 'Start nothing until it is resumed.', 'Paused {id}.');
  addVerb(schedule, 'resume', 'Start runs again at its times.', '{id} starts runs again.');
  addVerb(schedule, 'trigger', 'Start a run now, besides its times.', 'Started a run of {id}.');
  addVerb(schedule, 'delete', 'Remove it. Runs that go on are left alone.', 'Deleted {id}.');
  addBackfill(schedule);
}

function addBackfill(schedule: Command): void {
  schedule
    .command('backfill')
    .description('Start now, one after the other, the runs that would have started between two times that have passed.')
    .argument('<id>', 'the id of the schedule, or a part of it that means one schedule only')
    .requiredOption('--from <time>', 'such as 2026-11-25T06:00Z; without a zone it is UTC', parsedTime)
    .requiredOption('--to <time>', 'the same', parsedTime)
    .option('--json', 'as one JSON document')
    .action(async (given: string, { from, to, json }: { from: Date; to: Date; json?: boolean }) => {
      const { backfillSchedule } = await schedules();
      const id = await withOperator(({ client }) => backfillSchedule(client, given, from, to));
      const between = { from: from.toISOString(), to: to.toISOString() };
      if (json) printJson({ id, said: 'backfill', ...between });
      else printLine(`${id} makes up for ${between.from} to ${between.to}, one run after the other.`);
    });
}

function applyOf(name: RunbookName, parent: Command): Command {
  const command = new Command(kebab(name))
    .copyInheritedSettings(parent)
    .description(`${runbooks[name].title}, at its times.`);
  command
    .option('--cron <line>', 'five fields: minute hour day month weekday, such as "0 3 * * 6"', parsedCron)
    .option('--every <time>', 'an interval, such as 6h', parsedDuration)
    .option('--timezone <name>', 'of the cron line, such as Europe/Berlin (default: UTC)')
    .option('--jitter <time>', 'put each start off by up to this, so that not all start at once', parsedDuration)
    .option('--catch-up <time>', 'make up for starts missed within this time (default: 1 h)', parsedDuration)
    .option('--name <id>', 'its id (default: runbook/target)');
  for (const [key, field] of fieldsOf(name).fields) command.addOption(flagOf(key, field));
  return command
    .option('--input <file>', 'a JSON file with the same fields (- is standard input); flags win over it')
    .option('--json', 'as one JSON document')
    .action(async (flags: ApplyFlags) => {
      if ((flags.cron === undefined) === (flags.every === undefined))
        command.error('error: give one of --cron and --every');
      await apply(name, inputOf(command, name), flags);
    });
}

async function apply(name: RunbookName, input: Record<string, unknown>, flags: ApplyFlags): Promise<void> {
  const { readyRun } = await import('../api/startRun.js');
  const { applySchedule } = await schedules();
  const id = flags.name ?? readyRun(name, input).id;
  await withOperator(({ client }) =>
    applySchedule(
      client,
      id,
      {
        runbook: name,
        input,
        ...(flags.cron !== undefined && { cron: flags.cron }),
        ...(flags.every !== undefined && { everyMs: flags.every }),
        ...(flags.timezone !== undefined && { timezone: flags.timezone }),
        ...(flags.jitter !== undefined && { jitterMs: flags.jitter }),
        ...(flags.catchUp !== undefined && { catchUpMs: flags.catchUp }),
      },
      whoTypes(),
    ),
  );
  if (flags.json) printJson({ id, runbook: kebab(name), input });
  else printLine(`Schedule ${id} is set. \`evenkeel schedule list\` shows its next start.`);
}

function addVerb(schedule: Command, name: ScheduleWord, description: string, then: string): void {
  schedule
    .command(name)
    .description(description)
    .argument('<id>', 'the id of the schedule, or a part of it that means one schedule only')
    .option('--json', 'as one JSON document')
    .action(async (given: string, { json }: { json?: boolean }) => {
      const { tellSchedule } = await schedules();
      const id = await withOperator(({ client }) => tellSchedule(client, given, name, `${name} by ${whoTypes()}`));
      if (json) printJson({ id, said: name });
      else printLine(then.replace('{id}', id));
    });
}

function listed(all: readonly ScheduleView[]): string {
  if (all.length === 0)
    return 'No schedule so far. `evenkeel schedule apply` makes one for each object of the fleet file.';
  const rows = all.map((each) => [
    each.id,
    each.when,
    each.paused ? 'paused' : (each.next ?? ''),
    each.last ?? '',
    each.note,
  ]);
  return table(['SCHEDULE', 'WHEN', 'NEXT START (UTC)', 'LAST START', 'NOTE'], rows, paintFor(process.stdout));
}

function parsedDuration(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined || ms < 1000)
    throw new InvalidArgumentError('Give a time of a second or more, such as 90s, 15min, 6h or 1d.');
  return ms;
}

function parsedTime(text: string): Date {
  const ms = parseTime(text);
  if (ms === undefined) throw new InvalidArgumentError('Give a time such as 2026-11-25T06:00Z or 2026-11-25.');
  return new Date(ms);
}

function parsedCron(text: string): string {
  if (text.trim().split(/\s+/).length !== 5)
    throw new InvalidArgumentError('Give five fields: minute hour day month weekday, such as "0 3 * * 6".');
  return text;
}
