import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '@temporalio/client';
import { Refusal } from '../contract/errors';
import { summaryOf, type RunRef, type WebUi } from './findRun';
import { mergeProgress, piecesOf } from './liveProgress';
import { askRun, describeRun, viewOf, waitingOf, type Told } from './showRun';
import type { LiveProgress, RunEvent } from './views';

export interface WatchOptions {
  webUi: WebUi;
  signal?: AbortSignal;
  /** Between two looks, ms. */
  everyMs?: number;
}

/** How long a watcher waits for a Temporal that went away, ms. */
const patienceMs = 10 * 60_000;

/**
 * What happens to a run, until it ends or `signal` says enough. The first events tell what is so far.
 * Temporal is asked at each look; the run itself only when its history grew, so that watchers cost the workers nothing.
 */
export async function* watchRun(client: Client, ref: RunRef, options: WatchOptions): AsyncGenerator<RunEvent> {
  const { webUi, signal, everyMs = 500 } = options;
  const seen = new Seen();
  let told: Told | undefined;
  let historyOf = '';
  let awaySince: number | undefined;
  for (;;) {
    if (signal?.aborted) return;
    const described = await describeRun(client, ref).catch((error: unknown) => orAway(error, historyOf !== ''));
    if (described instanceof Refusal) {
      if ((awaySince ??= Date.now()) < Date.now() - patienceMs) throw described;
      yield* seen.unanswered(described.message);
      told = undefined;
      await sleep(everyMs, undefined, { ...(signal && { signal }) }).catch(() => undefined);
      continue;
    }
    awaySince = undefined;
    const running = described.status.name === 'RUNNING' || described.status.name === 'PAUSED';
    const history = `${described.runId} ${described.historyLength}`;
    if (history !== historyOf || !told) {
      const answer = await askRun(client, { id: ref.id, runId: described.runId }).catch(orNoWorker);
      const run = summaryOf(described, webUi);
      if (answer instanceof Refusal) {
        yield* seen.run(run);
        yield* seen.unanswered(answer.message);
      } else {
        yield* seen.run({ ...run, title: answer.status.title });
        told = answer;
        historyOf = history;
        yield* seen.told(ref.id, told);
      }
    }
    if (!running) {
      const view = await viewOf(client, described, told ?? new Refusal('NoWorker', { id: ref.id, seconds: 5 }), webUi);
      yield { type: 'ended', run: view };
      return;
    }
    yield* seen.progress(mergeProgress(told?.progress, await piecesOf(client, described.raw)));
    await sleep(everyMs, undefined, { ...(signal && { signal }) }).catch(() => undefined);
  }
}

/** A Temporal that was there and is away comes back: the run does not end by that. */
function orAway(error: unknown, begun: boolean): Refusal {
  if (begun && error instanceof Refusal && error.code === 'TemporalUnreachable') return error;
  throw error;
}

function orNoWorker(error: unknown): Refusal {
  if (error instanceof Refusal && error.code === 'NoWorker') return error;
  throw error;
}

/** What the watcher knows already: only what changed is told. */
class Seen {
  private readonly steps: string[] = [];
  private runId = '';
  private phase = '';
  private digest = '';
  private why = '';
  private last: LiveProgress | undefined;

  *run(run: ReturnType<typeof summaryOf>): Generator<RunEvent> {
    if (run.runId === this.runId) return;
    this.runId = run.runId;
    this.steps.length = 0;
    this.last = undefined;
    yield { type: 'run', run };
  }

  *told(id: string, told: Told): Generator<RunEvent> {
    if (this.why !== '') [this.why, this.phase] = ['', ''];
    const { status, steps, plan } = told;
    if (plan && plan.digest !== this.digest) {
      this.digest = plan.digest;
      yield { type: 'plan', plan };
    }
    for (const [index, step] of steps.entries()) {
      const now = JSON.stringify(step);
      if (this.steps[index] === now) continue;
      this.steps[index] = now;
      yield { type: 'step', index, step };
    }
    const phase = JSON.stringify([status.phase, status.why, status.heldStep]);
    if (phase === this.phase) return;
    this.phase = phase;
    const waiting = waitingOf({ id }, told);
    yield { type: 'phase', phase: status.phase, ...(status.why && { why: status.why }), ...(waiting && { waiting }) };
  }

  *unanswered(why: string): Generator<RunEvent> {
    if (this.why === why) return;
    this.why = why;
    yield { type: 'unanswered', why };
  }

  /** A piece that just ended is on no heartbeat and not yet in the run's own count: the figure stays, it never falls back. */
  *progress(now: LiveProgress | undefined): Generator<RunEvent> {
    if (!now) return;
    const same = this.last?.unit === now.unit && this.last.total === now.total;
    const progress = same ? { ...now, done: Math.max(now.done, this.last!.done) } : now;
    if (JSON.stringify(progress) === JSON.stringify(this.last)) return;
    this.last = progress;
    yield { type: 'progress', progress };
  }
}
