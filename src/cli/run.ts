import { Command, type Option } from 'commander';
import { Refusal } from '../contract/errors';
import { kebab, runbooks, type RunbookName } from '../contract/runbooks';
import { meant } from '../fleet/nearest';
import { exitCodeTable } from './exitCodes';
import { fieldsOf, flagOf, inputOf } from './flags';
import { follow } from './follow';
import { printJson, printLine } from './print';
import { whoTypes, withOperator } from './session';

interface RunFlags {
  detach?: boolean;
  json?: boolean;
  wait?: boolean;
}

/** `evenkeel run <runbook>`: one command a runbook, its flags read off the contract. */
export function addRun(program: Command): void {
  const run = program
    .command('run')
    .description('Start a runbook and watch it. Ctrl-C leaves it running.')
    .usage('<runbook> [flags]')
    .addHelpText('after', `\n\`evenkeel run <runbook> --help\` tells its flags.\n\n${exitCodeTable()}`)
    .argument('[runbook]')
    .allowUnknownOption()
    .allowExcessArguments()
    .action((given: string | undefined) => refuseName(run, given));
  for (const name of Object.keys(runbooks) as RunbookName[]) run.addCommand(commandOf(name, run));
}

function commandOf(name: RunbookName, parent: Command): Command {
  const command = new Command(kebab(name)).copyInheritedSettings(parent).description(`${runbooks[name].title}.`);
  const { fields, required } = fieldsOf(name);
  for (const [key, field] of fields) {
    const option = flagOf(key, field);
    command.addOption(required.includes(key) ? mentioned(option) : option);
  }
  return command
    .option('--input <file>', 'a JSON file with the same fields (- is standard input); flags win over it')
    .option('--detach', 'start it and return at once')
    .option('--wait', 'without a terminal: keep waiting while the run waits for a person')
    .option('--json', 'one JSON line an event, the report as the last line')
    .addHelpText('after', `\nExamples:\n${examplesOf(name)}\n\n${exitCodeTable()}`)
    .action(async (flags: RunFlags) => {
      const input = inputOf(command, name);
      const missing = required.find((key) => input[key] === undefined);
      if (missing !== undefined) command.error(`error: ${kebab(name)} needs --${kebab(missing)}`);
      process.exitCode = await start(name, input, flags);
    });
}

/** Mandatory, unless `--input` gives it: so it is said in the help and checked in the action. */
function mentioned(option: Option): Option {
  option.description = `${option.description} (required)`;
  return option;
}

async function start(name: RunbookName, input: Record<string, unknown>, flags: RunFlags): Promise<number> {
  const { readyRun } = await import('../api/startRun.js');
  readyRun(name, input); // what is wrong is said before anything is reached for
  return withOperator(async (operator) => {
    const ref = await operator.start(name, input, whoTypes());
    if (!flags.detach) return follow(operator, ref.id, flags);
    const webUi = operator.webUi(ref);
    if (flags.json) printJson({ ...ref, ...(webUi && { webUi }) });
    else printLine(`Started ${ref.id}. \`evenkeel watch ${ref.id}\` shows it.${webUi ? `\n${webUi}` : ''}`);
    return 0;
  });
}

function refuseName(run: Command, given: string | undefined): void {
  const names = (Object.keys(runbooks) as RunbookName[]).map(kebab);
  if (given === undefined) run.help({ error: true });
  throw new Refusal('UnknownRunbook', { name: given, near: meant(given, names) });
}

function examplesOf(name: RunbookName): string {
  const command = `evenkeel run ${kebab(name)}`;
  const { fields, required } = fieldsOf(name);
  const least = required.map((key) => `--${kebab(key)} ${sampleOf(key)}`).join(' ');
  const size = fields.find(([, field]) => field.unit?.startsWith('bytes'))?.[0];
  return [
    `  ${command} ${least} --dry-run`,
    ...(size ? [`  ${command} ${least} --${kebab(size)} 50MiB`] : []),
    `  ${command} ${least} --approval ask --detach`,
  ].join('\n');
}

/** Words that stand for a value in the examples. */
const sampleOf = (key: string): string => ({ from: 'legacy', to: 'files2' })[key] ?? `<${key}>`;
