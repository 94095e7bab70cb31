import type { Command } from 'commander';
import type { DemoFailoverOptions } from './demoFailover';

interface DemoFlags {
  from: string;
  to?: string;
  json?: boolean;
  break?: boolean;
  keep?: boolean;
}

export function addDemo(program: Command): void {
  const demo = program
    .command('demo')
    .description(
      'See a runbook do its work on this machine: no Docker, nothing of yours is changed; only failover needs root.',
    );
  demo
    .command('ingest')
    .description('Ingest the entries of a directory from two existing FSVMs into two new ones, and verify every one.')
    .option('--from <dir>', 'its top-level entries are the storage items; it is only read', '/usr/share')
    .option(
      '--to <dir>',
      'an empty or new directory: items are stored under <dir>/<fsvm>/<item> (default: a temporary one, removed at the end)',
    )
    .option('--break', 'kill -9 the worker in the middle, and start another one')
    .option('--keep', 'leave everything running at the end, with the links to look at')
    .option('--json', 'one JSON line an event, the report as the last line')
    .addHelpText(
      'after',
      '\nThe exit status is 0 only if every storage item was verified.\n\nExample:\n  evenkeel demo ingest --from ~/photos --to /mnt/new --break',
    )
    .action(async (flags: DemoFlags) => {
      const { demoIngest } = await import('./demoIngest.js');
      process.exitCode = await demoIngest(flags);
    });
  demo
    .command('forecast')
    .description(
      'Two loads are forecast every few seconds; one is resized ahead of its load, the other is not: no forecast of it deserves to be acted on.',
    )
    .option('--stay', 'go on until Ctrl-C, with the links to look at')
    .addHelpText(
      'after',
      '\nThe exit status is 0 only if the first was resized by its forecast and the second never was.\n\nExample:\n  evenkeel demo forecast --stay',
    )
    .action(async (flags: { stay?: boolean }) => {
      const { demoForecast } = await import('./demoForecast.js');
      process.exitCode = await demoForecast(flags);
    });
  demo
    .command('failover')
    .description(
      'Proxies in front of a PostgreSQL cluster, and the cluster behind one endpoint, in network namespaces: a proxy is killed, then the primary, while clients write, and what they were told is held against what is there. As root; it installs Debian packages that are not there.',
    )
    .option('--stay', 'go on until Ctrl-C, with the commands that break things')
    .option('--unguarded', 'nobody fails over: a person starts the primary again, to compare')
    .addHelpText(
      'after',
      '\nThe exit status is 0 only if another primary serves, no acknowledged write is lost and no client hangs.\n\nExample:\n  evenkeel demo failover --stay',
    )
    .action(async (flags: DemoFailoverOptions) => {
      const { demoFailover } = await import('./demoFailover.js');
      process.exitCode = await demoFailover(flags);
    });
}
