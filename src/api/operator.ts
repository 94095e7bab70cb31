import type { Client } from '@temporalio/client';
import { Refusal } from '../contract/errors';
import { auditRun } from './auditRun';
import { findRun, listRuns, type RunFilter, type RunRef, type WebUi } from './findRun';
import { retryRun } from './retryRun';
import { askRun, showRun } from './showRun';
import { asRefusal } from './said';
import { readyRun, runbookNamed, startRun } from './startRun';
import { connectTemporal, findTemporal } from './temporal';
import { tellRun } from './answerRun';
import type { Audit, RunEvent, RunSummary, RunView } from './views';
import { watchRun } from './watchRun';

/** Who says it, and why: kept with the run. */
export interface Word {
  by: string;
  why: string;
}

/**
 * All that a person can do with runs. The API and the command line are two mouths of this one.
 * `id` may be short wherever one is taken: a part of it that means one run only.
 */
export interface Operator {
  start(runbook: string, input: unknown, by: string): Promise<RunRef>;
  list(filter?: RunFilter): Promise<RunSummary[]>;
  show(id: string): Promise<RunView>;
  /** One run of several that had the same id. */
  showRun(ref: RunRef): Promise<RunView>;
  watch(id: string, signal?: AbortSignal): AsyncGenerator<RunEvent>;
  pause(id: string, word: Word): Promise<RunRef>;
  resume(id: string, word: Word): Promise<RunRef>;
  /** Without a digest the plan is the one the run shows now. */
  decide(id: string, word: Word & { approved: boolean; digest?: string }): Promise<RunRef>;
  cancel(id: string, word: Word): Promise<RunRef>;
  answer(id: string, word: Word & { do: 'skip' | 'undo' }): Promise<RunRef>;
  retry(id: string, word: Word): Promise<RunRef>;
  tune(id: string, by: string, set: Record<string, unknown>): Promise<RunRef>;
  audit(id: string): Promise<Audit>;
  webUi: WebUi;
  client: Client;
  close(): Promise<void>;
}

/** Connects to Temporal wherever it is. Waits `waitMs` for one that is still starting. */
export async function connectOperator({ waitMs = 0 }: { waitMs?: number } = {}): Promise<Operator> {
  const place = await findTemporal();
  const client = await connectTemporal(place, waitMs);
  return operatorOn(client, place.webUi);
}

export function operatorOn(client: Client, webUiUrl?: string): Operator {
  const webUi: WebUi = ({ id, runId }) => {
    if (!webUiUrl) return undefined;
    const run = `${encodeURIComponent(id)}${runId ? `/${runId}/history` : ''}`;
    return `${webUiUrl}/namespaces/${client.options.namespace}/workflows/${run}`;
  };
  const found = async <T>(id: string, what: string, act: (ref: RunRef) => Promise<T>): Promise<T> => {
    try {
      return await act(await findRun(client, id));
    } catch (error) {
      throw asRefusal(error, { client, id, what });
    }
  };
  /** Says one word to a run and tells which run took it. */
  const told = (id: string, what: string, act: (ref: RunRef) => Promise<unknown>) =>
    found(id, what, async (ref) => {
      await act(ref);
      return ref;
    });
  return {
    start: async (runbook, input, by) => startRun(client, readyRun(runbookNamed(runbook), input), by),
    list: (filter = {}) => listRuns(client, filter, webUi),
    show: (id) => found(id, 'show it', (ref) => showRun(client, ref, webUi)),
    showRun: (ref) => showRun(client, ref, webUi),
    async *watch(id, signal) {
      const ref = await found(id, 'watch it', async (each) => each);
      yield* watchRun(client, ref, { webUi, ...(signal && { signal }) });
    },
    pause: (id, said) => told(id, 'pause it', (ref) => tellRun(client, ref, 'pause', said)),
    resume: (id, said) => told(id, 'resume it', (ref) => tellRun(client, ref, 'resume', said)),
    cancel: (id, said) => told(id, 'cancel it', (ref) => tellRun(client, ref, 'stop', said)),
    answer: (id, said) => told(id, `${said.do} it`, (ref) => tellRun(client, ref, 'answer', said)),
    tune: (id, by, set) => told(id, 'tune it', (ref) => tellRun(client, ref, 'tune', { by, set })),
    retry: (id, said) => found(id, 'retry it', (ref) => retryRun(client, ref, said)),
    decide: (id, said) =>
      told(id, 'decide on it', async (ref) => {
        const digest = said.digest ?? (await askRun(client, ref)).plan?.digest;
        if (digest === undefined) throw new Refusal('NoPlan');
        await tellRun(client, ref, 'decide', { ...said, digest });
      }),
    audit: (id) => found(id, 'read its history', (ref) => auditRun(client, ref, webUi)),
    webUi,
    client,
    close: () => client.connection.close(),
  };
}
