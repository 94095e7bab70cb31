import { Argument, Command } from 'commander';
import { commandTable } from './commandTable';
import { kindOfArgument, kindOfFlag, offer, valueKinds, type ValueKind } from './completionValues';
import { printLine } from './print';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** What may follow some words of a command line. */
interface Place {
  words: string[];
  commands: { name: string; says: string }[];
  flags: { name: string; says: string; values?: ValueKind }[];
  /** What its argument may be. */
  values?: ValueKind;
}

export function addCompletion(parent: Command): void {
  const completion = parent
    .command('completion')
    .description('Print what makes a shell complete evenkeel: `source <(evenkeel completion bash)`.')
    .addArgument(new Argument('<shell>', 'which one').choices(shells))
    .action(async (shell: Shell) => printLine(writers[shell](await allPlaces())));
  completion
    .command('values', { hidden: true })
    .description('What a shell offers in the place of a value.')
    .addArgument(new Argument('<kind>', 'of what').choices(valueKinds))
    .argument('[typed]', 'as far as it is typed', '')
    .action(async (kind: ValueKind, typed: string) => {
      for (const value of await offer(kind, typed)) printLine(value);
      process.exit(0); // what did not answer in time is not waited for
    });
}

async function allPlaces(): Promise<Place[]> {
  const program = new Command('evenkeel');
  for (const { add } of commandTable) await add(program);
  return placesUnder(program, []);
}

function placesUnder(command: Command, words: string[]): Place[] {
  const commands = shownIn(command).map((each) => ({ name: each.name(), says: firstSentence(each.description()) }));
  const flags = command.options.flatMap(({ long, description }) => {
    const values = kindOfFlag(words, long ?? '');
    return long ? [{ name: long, says: description, ...(values && { values }) }] : [];
  });
  const [argument] = command.registeredArguments;
  const values = kindOfArgument(words, argument?.name() ?? '');
  const below = shownIn(command).flatMap((each) => placesUnder(each, [...words, each.name()]));
  return [
    { words, commands, flags: [...flags, { name: '--help', says: 'help' }], ...(values && { values }) },
    ...below,
  ];
}

const shownIn = (command: Command): Command[] => command.createHelp().visibleCommands(command).filter(notHelp);
const notHelp = (command: Command): boolean => command.name() !== 'help';

const firstSentence = (text: string): string => text.split(/[.:](?: |$)/)[0] ?? text;

/** A half-built clone is not built while somebody presses Tab (EVENKEEL_SETUP). The longest known beginning of the line decides what may follow. Where nothing is known the shell offers files. */
function bash(places: Place[]): string {
  const cases = places.map(({ words, commands, flags, values }) => {
    const names = [...commands, ...flags].map(({ name }) => name).join(' ');
    return `    '${words.join(' ')}') words='${names}'${values ? ` values='${values}'` : ''} ;;`;
  });
  const flagCases = places.flatMap(({ words, flags }) =>
    flags.flatMap(({ name, values }) =>
      values ? [`    '${[...words, name].join(' ')}') values='${values}' words='' ;;`] : [],
    ),
  );
  return `_evenkeel() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' known='' words='' values='' word
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == -* ]] && continue
    path="\${path:+$path }$word"
    case "$path" in ${places
      .slice(1)
      .map(({ words }) => `'${words.join(' ')}'`)
      .join('|')}) known="$path" ;; esac
  done
  case "$known" in
${cases.join('\n')}
  esac
  case "$known \${COMP_WORDS[COMP_CWORD-1]}" in
${flagCases.join('\n')}
  esac
  [[ -n $values && $current != -* ]] && words="$words $(EVENKEEL_SETUP=no "\${COMP_WORDS[0]}" completion values "$values" "$current" 2>/dev/null)"
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _evenkeel evenkeel`;
}

const zsh = (places: Place[]): string => `autoload -U +X bashcompinit && bashcompinit\n${bash(places)}`;

function fish(places: Place[]): string {
  return places
    .flatMap(({ words, commands, flags, values: own }) => {
      const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
      const none =
        commands.length > 0 ? [`not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(' ')}`] : [];
      const when = [...seen, ...none].join('; and ');
      return [
        ...commands.map(({ name, says }) => `complete -c evenkeel -f -n ${quoted(when)} -a ${name} -d ${quoted(says)}`),
        ...(own ? [`complete -c evenkeel -f -n ${quoted(when)} -a ${quoted(asking(own))}`] : []),
        ...flags.map(({ name, says, values }) => {
          const value = values ? ` -x -a ${quoted(asking(values))}` : '';
          return `complete -c evenkeel -n ${quoted(when)} -l ${name.slice(2)} -d ${quoted(says)}${value}`;
        }),
      ];
    })
    .join('\n');
}

const asking = (values: ValueKind): string =>
  `(env EVENKEEL_SETUP=no evenkeel completion values ${values} (commandline -ct) 2>/dev/null)`;

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const writers: Record<Shell, (places: Place[]) => string> = { bash, zsh, fish };
