import { createInterface } from 'node:readline/promises';
import { Option, type Command } from 'commander';
import type { Operator } from '../api/operator';
import type { RunRef } from '../api/findRun';
import { Refusal } from '../contract/errors';
import { paintFor, printJson, printLine } from './print';
import { planLines } from './report';
import { whoTypes, withOperator } from './session';

interface WordFlags {
  why?: string;
  plan?: string;
  json?: boolean;
}

interface Word {
  name: string;
  description: string;
  /** What is printed when the run took it; `{id}` is its id. */
  then: string;
  /** A word that must have its reason. */
  whyNeeded?: boolean;
  say(operator: Operator, id: string, word: { by: string; why: string }, flags: WordFlags): Promise<RunRef>;
}

/** What can be said to a run. Each word is checked by the run before it enters its history. */
export const words: readonly Word[] = [
  {
    name: 'pause',
    description: 'Let a run stop at its next safe place, and hold what it holds.',
    then: 'Paused {id}. `evenkeel resume {id}` lets it go on.',
    say: (operator, id, word) => operator.pause(id, word),
  },
  {
    name: 'resume',
    description: 'Let a paused run go on.',
    then: '{id} goes on.',
    say: (operator, id, word) => operator.resume(id, word),
  },
  {
    name: 'approve',
    description: 'Say yes to exactly the plan that a run shows.',
    then: 'Approved {id}: it goes on (once it is resumed, if it is paused).',
    say: async (operator, id, word, flags) =>
      operator.decide(id, { ...word, approved: true, digest: flags.plan ?? (await askForYes(operator, id)) }),
  },
  {
    name: 'reject',
    description: 'Say no to the plan that a run shows: it undoes what it did and ends.',
    then: 'Rejected {id}: it ends.',
    whyNeeded: true,
    say: (operator, id, word, { plan }) =>
      operator.decide(id, { ...word, approved: false, ...(plan !== undefined && { digest: plan }) }),
  },
  {
    name: 'cancel',
    description: 'Stop a run: the running step ends first, then what may be undone is undone, last first.',
    then: 'Cancelling {id}: it undoes what it did. `evenkeel watch {id}` shows it.',
    say: (operator, id, word) => operator.cancel(id, word),
  },
  {
    name: 'retry',
    description: 'Go on from the failed step, of a run that holds or of one that failed. What is done stays done.',
    then: '{id} goes on from its failed step. `evenkeel watch {id}` shows it.',
    say: (operator, id, word) => operator.retry(id, word),
  },
  {
    name: 'skip',
    description: 'Leave the failed step of a held run out, with a reason.',
    then: '{id} goes on without that step.',
    whyNeeded: true,
    say: (operator, id, word) => operator.answer(id, { ...word, do: 'skip' }),
  },
  {
    name: 'undo',
    description: 'Have a held run undo what it did, last first, and end.',
    then: '{id} undoes what it did. `evenkeel watch {id}` shows it.',
    say: (operator, id, word) => operator.answer(id, { ...word, do: 'undo' }),
  },
];

/** One of the commands above. */
export function addWord(program: Command, name: string): void {
  const word = words.find((each) => each.name === name);
  if (!word) throw new Error(`no word "${name}"`);
  const command = program
    .command(word.name)
    .description(word.description)
    .argument('<id>', 'the id of the run, or a part of it that means one run only')
    .option('--json', 'as one JSON document')
    .addOption(
      new Option('--why <text>', 'the reason, kept with the run').makeOptionMandatory(word.whyNeeded === true),
    );
  if (name === 'approve' || name === 'reject')
    command.option('--plan <digest>', 'the plan that is meant, as `evenkeel show` prints it');
  command.action(async (id: string, flags: WordFlags) => {
    if (name === 'approve' && flags.plan === undefined && !process.stdin.isTTY)
      command.error(
        `error: without a terminal a plan is approved by its digest: --plan <digest>, as \`evenkeel show ${id}\` prints it`,
      );
    const said = { by: whoTypes(), why: flags.why ?? '' };
    const ref = await withOperator((operator) => word.say(operator, id, said, flags));
    if (flags.json) printJson({ id: ref.id, said: word.name, ...said });
    else printLine(word.then.replaceAll('{id}', ref.id));
  });
}

/** Nobody approves what they have not seen: shows the plan and asks. */
async function askForYes(operator: Operator, id: string): Promise<string> {
  const run = await operator.show(id);
  if (!run.plan) throw new Refusal('NoPlan');
  const { digest } = run.plan;
  for (const line of planLines(run, paintFor(process.stdout))) printLine(line);
  const lines = createInterface({ input: process.stdin, output: process.stdout });
  try {
    const said = await lines.question('Approve this plan? [y/N] ');
    if (!/^y(es)?$/i.test(said.trim())) throw new Refusal('NotApproved', { by: whoTypes(), why: 'no was typed' });
    return digest;
  } finally {
    lines.close();
  }
}
