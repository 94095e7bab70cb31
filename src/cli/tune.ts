import type { Command } from 'commander';
import { formatRate } from '../contract/amounts';
import { kebab, runbooks, type RunbookName } from '../contract/runbooks';
import { fieldsOf, flagOf } from './flags';
import { printJson, printLine } from './print';
import { whoTypes, withOperator } from './session';

/** Every input that some runbook lets be changed while it runs; the run itself refuses what is not its own. */
export function addTune(program: Command): void {
  const command = program
    .command('tune')
    .description('Change an input of a run while it goes on.')
    .argument('<id>', 'the id of the run, or a part of it that means one run only')
    .addHelpText('after', '\nExample:\n  evenkeel tune ingest-vfs/files2 --bandwidth 10MiB');
  const keys = new Map<string, string>();
  const units = new Map<string, string | undefined>();
  for (const name of Object.keys(runbooks) as RunbookName[]) {
    for (const [key, field] of fieldsOf(name).fields) {
      if (!(runbooks[name].tunable as readonly string[]).includes(key) || keys.has(key)) continue;
      keys.set(key, kebab(name));
      units.set(key, field.unit);
      command.addOption(flagOf(key, { ...field, default: undefined }));
    }
  }
  command.option('--json', 'as one JSON document').action(async (id: string, options: Record<string, unknown>) => {
    const set = Object.fromEntries(
      [...keys.keys()].filter((key) => options[key] !== undefined).map((key) => [key, options[key]]),
    );
    if (Object.keys(set).length === 0)
      command.error(`error: name what to change: ${[...keys.keys()].map((key) => `--${kebab(key)}`).join(', ')}`);
    const ref = await withOperator((operator) => operator.tune(id, whoTypes(), set));
    if (options['json']) printJson({ id: ref.id, set });
    else
      printLine(
        `${ref.id} took ${Object.entries(set)
          .map(([key, value]) => `${kebab(key)} ${inWords(value, units.get(key))}`)
          .join(', ')}.`,
      );
  });
}

const inWords = (value: unknown, unit: string | undefined): string =>
  typeof value === 'number' && value > 0 && unit === 'bytes/s' ? formatRate(value, 'bytes') : String(value);
