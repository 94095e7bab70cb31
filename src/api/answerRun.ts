import type { Client } from '@temporalio/client';
import { Refusal } from '../contract/errors';
import type { Answer, Decision, Said, Tuning } from '../workflows/kit/messages';
import { summaryOf, type RunRef } from './findRun';
import { askWorker } from './said';
import { describeRun, handleOf } from './showRun';

/** What a person can say to a run, by the name of its update. */
export interface Words {
  pause: Said;
  resume: Said;
  stop: Said;
  answer: Answer;
  decide: Decision;
  tune: Tuning;
}

const answerWithinS = 15;

/** Says it to the run, which checks it before it enters the history; returns when the run has taken it. */
export async function tellRun<W extends keyof Words>(
  client: Client,
  ref: RunRef,
  word: W,
  said: Words[W],
): Promise<void> {
  const info = await describeRun(client, ref);
  if (info.status.name !== 'RUNNING') {
    const { phase } = summaryOf(info, () => undefined);
    throw new Refusal('RunEnded', { id: ref.id, phase });
  }
  await askWorker({ client, id: ref.id, what: `${word} it` }, answerWithinS, () =>
    handleOf(client, ref).executeUpdate<void, [Words[W]]>(word, { args: [said] }),
  );
}
