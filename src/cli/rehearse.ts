import type { Command } from 'commander';

export function addRehearse(program: Command): void {
  const rehearse = program
    .command('rehearse')
    .description(
      'The same runbook on a laboratory fleet that is made for it on this machine: the plan, the undo, the whole.',
    );
  rehearse
    .command('ingest-vfs')
    .description('Plan an ingestion, have it fail at the cutover and undone, then carry it out.')
    .addHelpText(
      'after',
      '\nThe exit status is 0 only if the undo left everything as it was and the second run was verified.',
    )
    .action(async () => {
      const { rehearseIngest } = await import('./rehearseIngest.js');
      process.exitCode = await rehearseIngest();
    });
}
