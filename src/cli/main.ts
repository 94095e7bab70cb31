import { Command, CommanderError } from 'commander';
import { exitCodes, exitCodeTable } from './exitCodes';
import { complain } from './complain';
import { commandTable, groups } from './commandTable';

/** `evenkeel …`: only the command that was named is loaded, so that help and typos are answered at once. */
export async function main(argv: readonly string[]): Promise<void> {
  process.stdout.on('error', endOfPipe);
  const program = await programFor(argv.slice(2));
  try {
    await program.parseAsync(argv);
  } catch (error) {
    process.exitCode =
      error instanceof CommanderError ? exitOf(error) : complain(error, program.opts<{ debug?: boolean }>());
  }
}

/** The whole command line as far as these words need it: others are known by name and sentence only. */
export async function programFor(words: readonly string[]): Promise<Command> {
  const program = new Command('evenkeel')
    .description('Durable runbooks for stateful infrastructure.')
    .version((require('../../package.json') as { version: string }).version, '-V, --version', 'the version')
    .helpOption('-h, --help', 'this help')
    .option('--debug', 'with an error, its stack')
    .configureHelp({ sortOptions: false, showGlobalOptions: false })
    .configureOutput({ outputError: (text, write) => write(`evenkeel: ${text.replace(/^error: /, '')}`) })
    .showHelpAfterError(false)
    .exitOverride()
    .addHelpCommand(
      new Command('help').argument('[command]').description('the help of a command').helpGroup(groups.here),
    )
    .addHelpText('after', `\n${exitCodeTable()}\n\nExamples:\n${examples.map((line) => `  ${line}`).join('\n')}`);
  const named = words.find((word) => !word.startsWith('-')) ?? '';
  const asked = named === 'help' ? words[words.indexOf('help') + 1] : named;
  for (const entry of commandTable) {
    if (entry.name === asked) await entry.add(program);
    else program.command(entry.name);
    program.commands.at(-1)?.summary(entry.summary).helpGroup(groups[entry.group]);
  }
  return program;
}

const examples = [
  'evenkeel demo ingest                                          see it work on this machine',
  'evenkeel run ingest-vfs --from legacy --to files2 --dry-run   what would it do?',
  'evenkeel watch files2                                         a part of an id will do',
];

/** Whoever read us has seen enough: `evenkeel list | head`. */
function endOfPipe(error: NodeJS.ErrnoException): void {
  if (error.code !== 'EPIPE') throw error;
  process.exit(exitCodes.done.code);
}

const exitOf = ({ exitCode }: CommanderError): number => (exitCode === 0 ? 0 : exitCodes.usage.code);
