import { setTimeout as pause } from 'node:timers/promises';
import type { Operator } from '../api/operator';
import type { RunSummary, RunView } from '../api/views';
import type { Clients } from '../laboratory/clients/clients';
import type { ClientLog } from '../laboratory/clients/log';
import type { Endings } from '../laboratory/endings';
import type { FailoverSite } from '../laboratory/failoverSite';
import { startWrites } from '../laboratory/failoverWrites';
import { marks } from '../workflows/kit/marks';
import { WritesTable } from './writesTable';

export const perSecond = 100;
/** A client gives up a write that has no answer by then. */
const queryTimeoutMs = 1_000;
const patienceMs = 60_000;
const lookEveryMs = 50;

/** What the acts of the demo stand on: the laboratory, runs, clients with their table, and waits that Ctrl-C ends. */
export class DemoGround {
  readonly names: ReadonlyMap<string, string>;

  constructor(
    readonly site: FailoverSite,
    readonly operator: Operator,
    readonly endings: Endings,
    readonly interrupted: () => boolean,
    readonly say: (line: string) => void,
  ) {
    this.names = new Map([...site.databases.values()].map(({ address, member }) => [address, member]));
  }

  clients(way: Parameters<typeof startWrites>[2], more: Parameters<typeof startWrites>[3] = {}): Clients {
    return startWrites(this.endings, this.site, way, { perSecond, queryTimeoutMs, ...more });
  }

  table(clients: Clients): WritesTable {
    const table = new WritesTable(process.stdout, this.names, perSecond);
    clients.listen((counters) => table.take(counters));
    return table;
  }

  /** That they write, or write again. */
  async writing(clients: Clients, more = 0): Promise<boolean> {
    const then = written(clients);
    return this.until(() => written(clients) > then + more);
  }

  wait(forMs: number): Promise<boolean> {
    return this.until(() => false, forMs);
  }

  /** Waits for something, for a time, or for Ctrl-C. Answers whether it came. */
  async until(look: () => boolean | Promise<boolean>, withinMs = patienceMs): Promise<boolean> {
    for (const deadline = Date.now() + withinMs; Date.now() < deadline && !this.interrupted();) {
      if (await look()) return true;
      await pause(lookEveryMs);
    }
    return false;
  }

  /** The newest run of a runbook on a target that began after a moment, as soon as it is there. */
  async runSince(runbook: string, target: string, sinceMs: number): Promise<RunSummary | undefined> {
    let found: RunSummary | undefined;
    await this.until(async () => {
      const [run] = await this.operator.list({ runbook, target, all: true, limit: 1 });
      if (run && Date.parse(run.startedAt) >= sinceMs) found = run;
      return found !== undefined;
    });
    return found;
  }

  /** Tells each sentence of a run when its step has ended, with the time since a moment. Answers how the run ended. */
  async tell(run: RunSummary, sinceMs: number, above: (line: string) => void): Promise<RunView | undefined> {
    const stop = new AbortController();
    const look = setInterval(() => this.interrupted() && stop.abort(), lookEveryMs);
    const late = setTimeout(() => stop.abort(), patienceMs);
    try {
      for await (const event of this.operator.watch(run.id, stop.signal)) {
        if (event.type === 'ended') return event.run;
        if (event.type === 'phase' && event.waiting) above(`  it waits for ${event.waiting.what}`);
        if (event.type !== 'step' || event.step.endedAt === undefined) continue;
        const { what, state, why, endedAt } = event.step;
        const ms = `+${Math.round(Date.parse(endedAt) - sinceMs)} ms`;
        above(`  ${ms.padStart(9)} ${marks[state]} ${what}${why && state !== 'done' ? `: ${why}` : ''}`);
      }
      return undefined;
    } finally {
      clearInterval(look);
      clearTimeout(late);
    }
  }

  /** What the table of a member holds of the writes of one log. */
  async present(member: string, { attempts }: ClientLog): Promise<Map<string, number>> {
    const ids = new Set(attempts.map(({ id }) => id));
    const all = await this.site.database(member).contents();
    return new Map([...all].filter(([id]) => ids.has(id)));
  }
}

const written = (clients: Clients): number => clients.counters?.acknowledged ?? 0;
