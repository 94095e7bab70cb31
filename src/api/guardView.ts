import { z } from 'zod';
import type { Operator } from './operator';
import { RunSummary, type RunView } from './views';

/** The run that guards an endpoint or a pair. */
export const GuardView = z.object({
  runs: z.boolean(),
  phase: RunSummary.shape.phase.exactOptional(),
  webUi: z.string().exactOptional(),
});
export type GuardView = z.output<typeof GuardView>;

/** A run that has ended, with what it found. */
export interface Ended {
  run: RunSummary;
  report?: unknown;
  failure?: RunView['failure'];
}

/** Among so many runs the last real one is looked for: the others only planned. */
const lookedAt = 10;

export async function guardOf(operator: Operator, runbook: string, target: string): Promise<GuardView> {
  const [run] = await operator.list({ runbook, target, limit: 1 });
  return { runs: run !== undefined, ...(run && { phase: run.phase, ...(run.webUi && { webUi: run.webUi }) }) };
}

/** The last runs of each target: what has ended is read once. */
export class LastRuns {
  private readonly read = new Map<string, Ended>();

  constructor(private readonly operator: Operator) {}

  async of(runbook: string, target: string): Promise<Ended | undefined> {
    const runs = await this.operator.list({ runbook, target, all: true, limit: lookedAt });
    const run = runs.find(({ dryRun, endedAt }) => !dryRun && endedAt !== undefined);
    const place = `${runbook}/${target}`;
    const before = this.read.get(place);
    if (!run || before?.run.runId === run.runId) return before;
    const { report, failure } = await this.operator.showRun(run);
    const ended = { run, ...(report && { report: report.result }), ...(failure && { failure }) };
    this.read.set(place, ended);
    return ended;
  }
}
