import { createInterface } from 'node:readline';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseDuration } from '../contract/amounts';
import type { Scheme } from '../planning/forecast/forecast';
import type { ForecastFlags } from './forecastObject';

export function addForecast(parent: Command): void {
  const command = parent
    .command('forecast')
    .description('Forecast the load of an object, and show what speaks for the forecast; nothing is changed.')
    .argument('[object]', 'an object of the fleet file')
    .option('--fleet <file>', 'fleet file')
    .option('--horizon <time>', 'so far ahead, such as 6h (default: a day, or as far as a decision looks)', aDuration)
    .option('--svg <file>', 'the picture as SVG; - is the standard output')
    .option('--json', 'as one JSON document')
    .option('--jsonl', 'instead: requests from the standard input, one answer a line, as long as lines come')
    .addOption(new Option('--scheme <name>', schemeHelp).choices(schemes).default('adjusted'))
    .addHelpText('after', `\n${contract}`);
  command.action(async (object: string | undefined, { jsonl, scheme, ...flags }: Flags) => {
    if (flags.json && flags.svg === '-') command.error('error: --json and --svg - would both write to standard output');
    if (object !== undefined && !jsonl) return (await import('./forecastObject.js')).forecastObject(object, flags);
    if (object !== undefined)
      command.error('error: with --jsonl every line names its own series: leave the object out');
    if (!jsonl) {
      const { objectsOf } = await import('./objectAt.js');
      command.error(`error: name an object (${objectsOf(flags.fleet)}), or give --jsonl`);
    }
    const { lineAnswerer } = await import('./forecastLines.js');
    const answer = lineAnswerer(scheme);
    for await (const line of createInterface({ input: process.stdin }))
      if (line.trim() !== '') process.stdout.write(`${JSON.stringify(answer(line))}\n`);
  });
}

type Flags = ForecastFlags & { jsonl?: boolean; scheme: Scheme };

/** Named here, since --help loads no arithmetic. */
const schemes: Scheme[] = ['adjusted', 'literal', 'shares'];
const schemeHelp =
  "with --jsonl. literal: the patent's scheme taken word by word; shares: a total for each cycle, split by shares; to compare with";

function aDuration(text: string): number {
  const ms = /[a-z]/i.test(text) ? parseDuration(text) : undefined;
  if (ms === undefined || ms <= 0) throw new InvalidArgumentError('expected a time such as 6h.');
  return ms;
}

const contract = `With --jsonl. A request of a forecast, and its answer:
  {"id","start":ISO 8601,"step":seconds,"values":[number or null],"horizon":steps,"levels":[80,95]}
  {"id","mean":[…],"lo":{"80":[…]},"hi":{"80":[…]},"model","scores":{model: error},"candidates":{model: […]},"baseline":[…],"why","caution"}
Requests of a provisioning, step by step, and their answers:
  {"cmd":"init","id","start","step","history":[…],"unit","delay":steps,"min","max","current","slo"}   {"ok":true}
  {"cmd":"step","id","observed","current"}   {"desired","reason","rule"}
What cannot be answered is answered with {"id","error"}.

With "scheme": "literal" the patent's scheme taken word by word, "shares": a total for each day, split by shares.`;
