import type { Filters, FreezeBy, LookupTable, Store } from '../contract/capabilities/files';
import type { Lease } from '../contract/operations';
import type { SourceFacts, TargetFacts } from '../planning/ingestion/plan';
import type { Hands } from '.';
import { supervise } from './supervise';

export const filesActivities = ({ agent }: Hands) => ({
  /** Counts the items of an existing FSVM. Only what planning needs comes back: a history is no place for lists. */
  async surveyItems(input: { store: Store; items?: string[]; filters: Filters; job: string }): Promise<SourceFacts> {
    const { store, items, filters, job } = input;
    const found = await supervise(store.host, `Count the items of ${store.fsvm}`, job, (context) =>
      agent(store.host).files.survey({ store, filters, ...(items && { items }) }, context),
    );
    return {
      store,
      items: found.items.map(({ item, bytes, files, special, foreignOwners }) => ({
        item,
        bytes,
        files,
        special,
        foreignOwners,
      })),
      unreadable: found.unreadable.slice(0, 100),
      cannotKeep: found.cannotKeep.slice(0, 100),
      journal: found.journal,
    };
  },

  /** What a new FSVM holds already, and its free space. */
  async lookAtStore({ store }: { store: Store }): Promise<{ facts: TargetFacts; begun: string[] }> {
    const { items, freeBytes, privileged } = await agent(store.host).files.list({ store });
    return {
      facts: { store, freeBytes, privileged, items: items.map(({ item }) => item) },
      begun: items.filter(({ begun }) => begun).map(({ item }) => item),
    };
  },

  async freezeStore(input: { store: Store; by: FreezeBy; lease: Lease }): Promise<{ how: string }> {
    return agent(input.store.host).files.freeze(input);
  },

  async thawStore(input: { store: Store; by: FreezeBy; lease: Lease }): Promise<{ how: string }> {
    return agent(input.store.host).files.thaw(input);
  },

  /** The newest lookup table that any of the FSVMs' hosts knows. */
  async readTable({ fileServer, hosts }: { fileServer: string; hosts: string[] }): Promise<LookupTable | null> {
    const tables = await Promise.all(
      hosts.map(async (host) => (await agent(host).files.readTable({ fileServer })).table),
    );
    return tables.reduce((newest, table) => (table && (!newest || table.epoch > newest.epoch) ? table : newest), null);
  },

  async writeTable({ host, table, lease }: { host: string; table: LookupTable; lease: Lease }): Promise<void> {
    await agent(host).files.writeTable({ table, lease });
  },
});
