import type { Store } from '../../contract/capabilities/files';
import { grouped } from '../../planning/grouped';
import type { IngestionPlan } from '../../planning/ingestion/plan';
import type { Cargo } from '../../planning/ingestion/shipments';

/** From where, to where, and which items. */
export const pairsOf = ({ stores }: IngestionPlan, cargo: readonly Cargo[]): [Store, Store, string[]][] =>
  [...grouped(cargo, ({ from, to }) => `${from}\n${to}`).values()].map((pair) => [
    stores[pair[0]!.from]!,
    stores[pair[0]!.to]!,
    pair.map(({ item }) => item),
  ]);
