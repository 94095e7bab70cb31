import { Refusal } from '../contract/errors';
import { describeRun, askRun, viewOf, type Told } from './showRun';
import type { ObjectView } from './objectView';
import type { EndpointView, PairView } from './endpointView';
import type { ApiParts } from './route';
import type { FleetView, RunSummary, RunView } from './views';

/** What the status page and the metrics show: one look, shared by everybody who asks within a second. */
export interface Facts {
  at: Date;
  running: RunView[];
  ended: RunSummary[];
  fleet?: FleetView;
  /** What has its load forecast. */
  objects: ObjectView[];
  endpoints: EndpointView[];
  pairs: PairView[];
  /** What could not be looked at, in the words of its refusal. */
  troubles: string[];
}

const keptMs = 900;
const mostRunning = 20;
const mostEnded = 12;

export class Board {
  private looked: Promise<Facts> | undefined;
  private lookedAt = 0;
  /** What a run said of itself, with the length its history had: it is asked again only when that grew. */
  private readonly told = new Map<string, { length: number; told: Told }>();

  constructor(private readonly parts: ApiParts) {}

  look(): Promise<Facts> {
    if (!this.looked || Date.now() - this.lookedAt > keptMs) {
      this.lookedAt = Date.now();
      this.looked = this.lookNow();
    }
    return this.looked;
  }

  private async lookNow(): Promise<Facts> {
    const troubles: string[] = [];
    const tried = async <T>(act: Promise<T>): Promise<T | undefined> =>
      act.catch((error: unknown) => {
        troubles.push(error instanceof Error ? error.message : String(error));
        return undefined;
      });
    const { operator, ...looks } = this.parts;
    const [running, all, fleet, objects, guarded] = await Promise.all([
      tried(operator.list({ limit: mostRunning }).then((runs) => Promise.all(runs.map((run) => this.view(run))))),
      tried(operator.list({ all: true, limit: mostRunning + mostEnded })),
      tried(looks.fleet()),
      tried(looks.objects()),
      tried(looks.guarded()),
    ]);
    const ended = (all ?? []).filter((run) => run.endedAt !== undefined).slice(0, mostEnded);
    for (const runId of this.told.keys()) if (!running?.some((run) => run.runId === runId)) this.told.delete(runId);
    return {
      ...{ at: new Date(), running: running ?? [], ended, objects: objects ?? [] },
      ...{ endpoints: guarded?.endpoints ?? [], pairs: guarded?.pairs ?? [] },
      ...(fleet && { fleet }),
      troubles: [...new Set(troubles)],
    };
  }

  private async view({ id, runId }: RunSummary): Promise<RunView> {
    const { client, webUi } = this.parts.operator;
    const described = await describeRun(client, { id, runId });
    const before = this.told.get(runId);
    if (before?.length === described.historyLength) return viewOf(client, described, before.told, webUi);
    const told = await askRun(client, { id, runId }).catch((error: unknown) => {
      if (error instanceof Refusal && error.code === 'NoWorker') return error;
      throw error;
    });
    if (!(told instanceof Refusal)) this.told.set(runId, { length: described.historyLength, told });
    return viewOf(client, described, told, webUi);
  }
}
