import type { Command } from 'commander';
import { counted } from '../contract/amounts';
import { loadFleet } from '../fleet/load';
import type { ScheduleChange } from '../planning/schedules';
import { paintFor, printJson, printLine, table, type Paint } from './print';
import { whoTypes, withOperator } from './session';

interface FleetFlags {
  fleet?: string;
  dryRun?: boolean;
  json?: boolean;
}

/** `evenkeel schedule apply` without a runbook: a schedule for each object of the fleet file. */
export function addObjects(apply: Command): void {
  apply
    .command('objects', { isDefault: true })
    .description('For each object of the fleet file its schedule; those whose object is gone are removed.')
    .argument('[runbook]')
    .usage('[flags]')
    .option('--fleet <file>', 'fleet file')
    .option('--dry-run', 'only say what would be made, changed and removed')
    .option('--json', 'as one JSON document')
    .action(async (runbook: string | undefined, { fleet: given, dryRun = false, json }: FleetFlags) => {
      if (runbook !== undefined) (await import('../api/startRun.js')).runbookNamed(runbook);
      const { fleet } = loadFleet(given);
      const { scheduleObjects } = await import('../api/scheduleObjects.js');
      const changes = await withOperator(({ client }) => scheduleObjects(client, fleet, { by: whoTypes(), dryRun }));
      if (json) printJson({ fleet: fleet.fleet, dryRun, changes });
      else printLine(shown(changes, dryRun, paintFor(process.stdout)));
    });
}

function shown(changes: readonly ScheduleChange[], dryRun: boolean, paint: Paint): string {
  if (changes.length === 0) return 'The fleet file has no objects, and no schedule was made from it.';
  const count = changes.filter(({ change }) => change !== 'keep' && change !== 'leave').length;
  const end = dryRun
    ? `${counted(count, 'schedule')} would be changed; nothing was.`
    : `${counted(count, 'schedule')} changed. \`evenkeel schedule list\` shows their next start.`;
  return `${changeTable(changes, paint, dryRun)}\n${end}`;
}

export function changeTable(changes: readonly ScheduleChange[], paint: Paint, dryRun = false): string {
  const rows = changes.map(({ id, change, why }) => [dryRun ? change : done[change], id, why]);
  return table(['', 'SCHEDULE', ''], rows, paint);
}

const done: Record<ScheduleChange['change'], string> = {
  make: 'made',
  change: 'changed',
  keep: 'kept',
  remove: 'removed',
  leave: 'left alone',
};
