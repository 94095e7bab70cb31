import { Argument, Command } from 'commander';
import { commandTable } from './commandTable';
import { printLine } from './print';

const shells = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof shells)[number];

/** What may follow some words of a command line. */
interface Place {
  words: string[];
  commands: { name: string; says: string }[];
  flags: { name: string; says: string }[];
}

export function addCompletion(parent: Command): void {
  parent
    .command('completion')
    .description('Print what makes a shell complete evenkeel: `source <(evenkeel completion bash)`.')
    .addArgument(new Argument('<shell>', 'which one').choices(shells))
    .action(async (shell: Shell) => printLine(writers[shell](await allPlaces())));
}

async function allPlaces(): Promise<Place[]> {
  const program = new Command('evenkeel');
  for (const { add } of commandTable) await add(program);
  return placesUnder(program, []);
}

function placesUnder(command: Command, words: string[]): Place[] {
  const commands = command.commands.map((each) => ({ name: each.name(), says: firstSentence(each.description()) }));
  const flags = command.options.flatMap(({ long, description }) => (long ? [{ name: long, says: description }] : []));
  const below = command.commands.flatMap((each) => placesUnder(each, [...words, each.name()]));
  return [{ words, commands, flags: [...flags, { name: '--help', says: 'help' }] }, ...below];
}

const firstSentence = (text: string): string => text.split(/[.:](?: |$)/)[0] ?? text;

/** The longest known beginning of the line decides what may follow. Where nothing is known the shell offers files. */
function bash(places: Place[]): string {
  const cases = places.map(({ words, commands, flags }) => {
    const names = [...commands, ...flags].map(({ name }) => name).join(' ');
    return `    '${words.join(' ')}') words='${names}' ;;`;
  });
  return `_evenkeel() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path='' known='' words='' word
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
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _evenkeel evenkeel`;
}

const zsh = (places: Place[]): string => `autoload -U +X bashcompinit && bashcompinit\n${bash(places)}`;

function fish(places: Place[]): string {
  return places
    .flatMap(({ words, commands, flags }) => {
      const seen = words.map((word) => `__fish_seen_subcommand_from ${word}`);
      const none =
        commands.length > 0 ? [`not __fish_seen_subcommand_from ${commands.map(({ name }) => name).join(' ')}`] : [];
      const when = [...seen, ...none].join('; and ');
      return [
        ...commands.map(({ name, says }) => `complete -c evenkeel -f -n ${quoted(when)} -a ${name} -d ${quoted(says)}`),
        ...flags.map(
          ({ name, says }) => `complete -c evenkeel -n ${quoted(when)} -l ${name.slice(2)} -d ${quoted(says)}`,
        ),
      ];
    })
    .join('\n');
}

const quoted = (text: string): string => `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;

const writers: Record<Shell, (places: Place[]) => string> = { bash, zsh, fish };
