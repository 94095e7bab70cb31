import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { printJson, printLine } from './print';

export function addAgent(parent: Command): void {
  const agent = parent.command('agent').description('the daemon on a host: it offers what the host can do');
  agent
    .command('run')
    .description('run the agent of a host in the foreground')
    .requiredOption('--host <name>', 'which host of the fleet file this is')
    .option('--fleet <file>', 'fleet file')
    .option('--state <directory>', 'where its journals lie')
    .action(run);
  agent
    .command('join')
    .description('make what a host needs to run its agent: certificate or request, and a systemd unit')
    .requiredOption('--host <name>', 'its name in the fleet file')
    .requiredOption('--url <url>', 'where its agent will listen, https://…')
    .option('--root <directory...>', 'directories the agent may touch', [])
    .option('--dir <directory>', 'where certificate, key and unit are put', '/etc/evenkeel')
    .option('--fleet <file>', 'where its fleet file will lie (default: fleet.yaml beside the certificate)')
    .option('--state <directory>', 'where its journals will lie', '/var/lib/evenkeel')
    .option('--authority <directory>', 'the authority, if it is at hand: issue the certificate at once')
    .option('--enable', 'enable and start the unit now, by systemctl')
    .option('--json', 'print facts for machines')
    .action(joinIt);
}

async function run({ host, fleet: given, state }: { host: string; fleet?: string; state?: string }): Promise<void> {
  const [{ loadFleet }, { stateDir }, { startAgent }] = await Promise.all([
    import('../fleet/load.js'),
    import('../stack/places.js'),
    import('../agent/main.js'),
  ]);
  const { fleet } = loadFleet(given);
  const agent = await startAgent({ fleet, host, stateDir: resolve(state ?? join(stateDir(), 'agents', host)) });
  let ending: Promise<void> | undefined;
  const end = () => {
    if (ending) process.exit(1); // asked twice
    ending = agent.stop().then(() => process.exit(0));
  };
  process.on('SIGTERM', end);
  process.on('SIGINT', end);
}

interface JoinFlags {
  host: string;
  url: string;
  root: string[];
  dir: string;
  fleet?: string;
  state: string;
  authority?: string;
  enable?: boolean;
  json?: boolean;
}

async function joinIt(flags: JoinFlags): Promise<void> {
  const { enableUnit, joinFleet } = await import('../agent/join.js');
  const joined = await joinFleet(flags);
  if (flags.enable) await enableUnit(joined.enable);
  if (flags.json) return printJson(joined);
  printLine(`${flags.host}: ${joined.files.join(', ')}`);
  printLine(`\nIn the fleet file:\n${joined.fleetEntry}`);
  if (joined.ask)
    printLine(`\nWhere the authority is, then bring agent.crt and ca.crt back to ${flags.dir}:\n  ${joined.ask}`);
  if (joined.lacks !== undefined)
    printLine(
      `\nThere is no ${joined.lacks} yet. If this host is to guard an endpoint or a proxy, write it first and join again: the rights of its unit are read from it.`,
    );
  if (!flags.enable) printLine(`\nThen:\n${joined.enable.map((words) => `  ${words.join(' ')}`).join('\n')}`);
}
