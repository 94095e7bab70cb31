import { createInterface } from 'node:readline';
import { Option, type Command } from 'commander';
import { schemes, type Scheme } from '../planning/forecast/forecast';
import { lineAnswerer } from './forecastLines';

export function addForecast(parent: Command): void {
  const command = parent
    .command('forecast')
    .description('Forecast loads and provision for them: JSON lines in, one answer a line, as long as lines come.')
    .option('--jsonl', 'read requests from the standard input')
    .addOption(new Option('--scheme <name>', schemeHelp).choices(schemes).default('adjusted'))
    .addHelpText('after', `\n${contract}`);
  command.action(async ({ jsonl, scheme }: { jsonl?: boolean; scheme: Scheme }) => {
    if (!jsonl) command.error('error: give --jsonl: requests are read from the standard input');
    const answer = lineAnswerer(scheme);
    for await (const line of createInterface({ input: process.stdin }))
      if (line.trim() !== '') process.stdout.write(`${JSON.stringify(answer(line))}\n`);
  });
}

const schemeHelp =
  "literal: the patent's scheme taken word by word; shares: a total for each cycle, split by shares; to compare with";

const contract = `A request of a forecast, and its answer:
  {"id","start":ISO 8601,"step":seconds,"values":[number or null],"horizon":steps,"levels":[80,95]}
  {"id","mean":[…],"lo":{"80":[…]},"hi":{"80":[…]},"model","scores":{model: error},"candidates":{model: […]},"baseline":[…],"why","caution"}
Requests of a provisioning, step by step, and their answers:
  {"cmd":"init","id","start","step","history":[…],"unit","delay":steps,"min","max","current","slo"}   {"ok":true}
  {"cmd":"step","id","observed","current"}   {"desired","reason","rule"}
What cannot be answered is answered with {"id","error"}.`;
