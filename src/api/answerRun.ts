import { WorkflowUpdateFailedError, type Client } from '@temporalio/client';
import { Refusal } from '../contract/errors';
import type { Answer, Decision, RefusedWord, Said, Tuning } from '../workflows/kit/messages';
import { summaryOf, type RunRef } from './findRun';
import { askWorker } from './said';
import { describeRun, handleOf } from './showRun';
import { wordOf } from './wordOf';

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
/** Letters of a sentence that enter the history. */
const longestNote = 1_000;

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
  const asked = { client, id: ref.id, what: `${word} it` };
  try {
    await askWorker(asked, answerWithinS, () =>
      handleOf(client, ref).executeUpdate<void, [Words[W]]>(word, { args: [said] }),
    );
  } catch (error) {
    if (error instanceof Refusal && saidByTheRun(error)) await noteRefusal(client, ref, word, said, error);
    throw error;
  }
}

/** A refused update never enters the history: the run is told of it, so that an auditor sees who tried what. */
async function noteRefusal<W extends keyof Words>(
  client: Client,
  ref: RunRef,
  word: W,
  said: Words[W],
  { message }: Refusal,
): Promise<void> {
  const what = wordOf(word, { ...said }).slice(0, longestNote);
  const refused: RefusedWord = { by: said.by, what, why: message.slice(0, longestNote) };
  const note = () => handleOf(client, ref).executeUpdate<void, [RefusedWord]>('refused', { args: [refused] });
  // The caller must hear the refusal itself, be the note taken or not: a run keeps a hundred, and it may just have ended.
  await askWorker({ client, id: ref.id, what: 'note a refusal' }, answerWithinS, note).catch(() => undefined);
}

const saidByTheRun = ({ cause }: Refusal): boolean => cause instanceof WorkflowUpdateFailedError;
