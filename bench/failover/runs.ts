import type { Operator } from '../../src/api/operator';
import type { RunView } from '../../src/api/views';
import { until } from '../../src/laboratory/until';

const withinMs = 60_000;

/** Starts a run as a person would and waits for its end; fails when it did not end well. */
export async function runToEnd(operator: Operator, runbook: string, input: object, target: string): Promise<RunView> {
  await operator.start(runbook, { ...input, onFailure: 'undo' }, 'bench');
  return ended(operator, `${runbook}/${target}`, 0);
}

/** The last run of that id, begun at that moment or later, once it has ended well. */
export async function ended(operator: Operator, id: string, sinceMs: number): Promise<RunView> {
  const view = await until(
    `${id} ends`,
    async () => {
      const now = await operator.show(id);
      if (now.endedAt !== undefined && Date.parse(now.startedAt) >= sinceMs) return now;
      const last = now.steps.at(-1);
      throw new Error(`${now.phase}, last step "${last?.what}" ${last?.state}: ${last?.why ?? now.unanswered ?? ''}`);
    },
    { timeoutMs: withinMs, everyMs: 100 },
  );
  if (view.phase === 'done') return view;
  throw new Error(`${id} is ${view.phase}: ${view.failure?.message ?? view.status?.why ?? 'it does not say why'}`);
}
