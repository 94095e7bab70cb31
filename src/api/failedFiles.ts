import type { Failed } from '../activities/copy';
import type { AgentClient } from '../agent/client';
import type { Store } from '../contract/capabilities/files';
import { grouped } from '../planning/grouped';
import type { IngestionPlan } from '../planning/ingestion/plan';
import type { RunView } from './views';

interface StorePair {
  from: Store;
  to: Store;
}

const pageLength = 5_000;

/** The pairs of FSVMs between which a run copies, by its plan. */
export function pairsOf({ plan }: Pick<RunView, 'plan'>): StorePair[] {
  const { placement = [], stores = {} } = (plan?.content ?? {}) as Partial<IngestionPlan>;
  return [...grouped(placement, ({ from, to }) => `${from}\n${to}`).values()].map(([first]) => ({
    from: stores[first!.from]!,
    to: stores[first!.to]!,
  }));
}

/** All files between these stores that could not be sent, page by page: the sources' agents keep them, however many. */
export async function* failedFiles(
  pairs: readonly StorePair[],
  agent: (host: string) => Pick<AgentClient, 'copy'>,
): AsyncGenerator<Failed> {
  for (const { from, to } of pairs) {
    let after = 0;
    let page: Awaited<ReturnType<AgentClient['copy']['failures']>>;
    do {
      page = await agent(from.host).copy.failures({ from, to, after, limit: pageLength });
      for (const { path, phase, why } of page.failures) yield { fsvm: from.fsvm, path, phase, why };
      after += page.failures.length;
    } while (page.failures.length > 0 && after < page.total);
  }
}
