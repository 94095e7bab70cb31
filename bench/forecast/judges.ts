import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiled, packageRoot } from '../../src/stack/places';
import { scratch } from '../disk';
import type { Endings } from '../../src/laboratory/endings';
import { wants, type BenchOptions } from '../options';
import { outputOf, run } from '../../src/laboratory/run';
import { reasonOf } from '../rounds';
import type { Table } from '../table';
import { forecastRows, parsePeers, provisionRows, stressRow, unmeasured, type Window } from './judgements';

interface Bench {
  options: BenchOptions;
  table: Table;
  say: (line: string) => void;
  endings: Endings;
  /** Where referee.py and provision_judge.py lie, with their data. */
  folder: string;
}

/** Both judges of a folder on our program; their tables are printed as they are. */
export async function judged({ options, table, say, endings, folder }: Bench): Promise<void> {
  for (const judge of ['referee.py', 'provision_judge.py'])
    if (!existsSync(join(folder, judge))) throw new Error(`--data ${folder}: there is no ${judge}`);
  if (options.quick)
    say('--quick: without the literal scheme, and provisioning is replayed for one day instead of three.');
  const work = scratch(endings);
  const ask = await askPython(work, say).catch((error: unknown) => {
    const why = `no Python with numpy: ${reasonOf(error)}`;
    for (const name of cases) if (wants(options, name)) unmeasured(table, name, why);
    return undefined;
  });
  if (!ask) return;
  const program = `'${process.execPath}' '${join(packageRoot, 'bin', 'evenkeel.js')}' forecast --jsonl`;
  const judge = async (file: string, ...more: string[]) => {
    say(`\n${file} ${more.join(' ')}`);
    return ask(join(folder, file), ...more);
  };
  const referee = async (command: string, name: string): Promise<Window[]> => {
    const scores = join(work, 'scores.json');
    const words = ['--split', 'public', '--program', command, '--name', name, '--json', scores];
    console.log(await judge('referee.py', ...words));
    return JSON.parse(readFileSync(scores, 'utf8')) as Window[];
  };
  if (wants(options, 'forecast/public')) {
    const ours = await referee(program, 'evenkeel');
    // The patent's scheme word by word is a side like the others; not in --quick.
    const literal = options.quick ? [] : await referee(literalProgram(work), 'literal scheme');
    forecastRows(table, ours, [...parsePeers(peersFile(folder)), ...literal]);
  }
  if (wants(options, 'forecast/stress')) {
    // It ends with 1 when a case fails: what it printed counts all the same.
    const said = await judge('referee.py', '--stress', '--program', program);
    console.log(said);
    stressRow(table, said);
  }
  if (wants(options, 'provision/public')) {
    const days = options.quick ? ['--days', '1'] : [];
    const said = await judge(
      'provision_judge.py',
      '--split',
      'public',
      '--program',
      program,
      '--name',
      'evenkeel',
      ...days,
    );
    console.log(said);
    provisionRows(table, said, 'evenkeel');
  }
}

const cases = ['forecast/public', 'forecast/stress', 'provision/public'];

const peersFile = (folder: string): string => {
  const all = join(folder, 'data', 'peers.csv');
  return readFileSync(existsSync(all) ? all : join(folder, 'data', 'public', 'peers.csv'), 'utf8');
};

/** Our program, told to take the patent's scheme for every line. */
function literalProgram(work: string): string {
  const file = join(work, 'literal.js');
  writeFileSync(
    file,
    `const { lineAnswerer } = require(${JSON.stringify(compiled('cli', 'forecastLines.js'))});
const answer = lineAnswerer('literal');
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) =>
  console.log(JSON.stringify(answer(JSON.stringify({ ...JSON.parse(line), scheme: 'literal' })))));
`,
  );
  return `'${process.execPath}' '${file}'`;
}

type Ask = (...words: string[]) => Promise<string>;

/** A Python that has numpy: this machine's, or one made for this run alone. */
async function askPython(work: string, say: (line: string) => void): Promise<Ask> {
  const has = (python: string) =>
    outputOf(python, '-c', 'import numpy').then(
      () => true,
      () => false,
    );
  if (await has('python3')) return (...words) => printedBy('python3', words);
  const own = join(work, 'python');
  say('This Python has no numpy: making a private environment that has it');
  await run('python3', '-m', 'venv', own);
  await run(join(own, 'bin', 'python'), '-m', 'pip', 'install', '--quiet', 'numpy');
  return (...words) => printedBy(join(own, 'bin', 'python'), words);
}

/** What a judge printed, whatever it ended with; its complaints go where ours go. */
function printedBy(python: string, words: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const env = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' };
    const child = spawn(python, words, { env, stdio: ['ignore', 'pipe', 'inherit'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.once('error', reject);
    child.once('close', (code, signal) =>
      output !== '' ? resolve(output) : reject(new Error(`${words[0]} ended with ${code ?? signal} and said nothing`)),
    );
  });
}
