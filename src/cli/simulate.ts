import { InvalidArgumentError, type Command } from 'commander';
import type { SimulateFlags } from './simulateObject';

export function addSimulate(parent: Command): void {
  parent
    .command('simulate')
    .description(
      'Replay the provisioning of an object over its own past, beside static peak, HPA and same as yesterday; nothing is changed.',
    )
    .argument('<object>', 'an object of the fleet file')
    .option('--fleet <file>', 'fleet file')
    .option('--days <number>', 'so many of the last days', wholeDays, 7)
    .option('--json', 'as one JSON document')
    .action(async (object: string, flags: SimulateFlags) =>
      (await import('./simulateObject.js')).simulateObject(object, flags),
    );
}

function wholeDays(text: string): number {
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1 || days > 60) throw new InvalidArgumentError('expected 1 to 60.');
  return days;
}
