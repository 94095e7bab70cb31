import type { CapabilityOf, Host, Running } from '../host';
import { moverOf } from '../moverProcess';
import { freeze, thaw } from './freeze';
import { servedItems } from '../../services/mover/served';
import { readTable, writeTable } from './tables';

/** Storage items in directories of this host's own disks, and the lookup tables that it keeps. */
export function disk(host: Host): Running<CapabilityOf<'files'>> {
  const mover = moverOf(host);
  return {
    driver: {
      survey: (input, job) => mover.ask('survey', input, job),
      list: ({ store }) => mover.ask('list', { store, served: servedItems(host.stateDir, store.root) }),
      freeze: ({ store, by }) => freeze(host, store, by),
      thaw: ({ store, by }) => thaw(host, store, by),
      readTable: async ({ fileServer }) => ({ table: readTable(host.stateDir, fileServer) }),
      writeTable: async ({ table }) => ({ table: writeTable(host, table) }),
      lookup: async ({ fileServer, item }) => {
        const table = readTable(host.stateDir, fileServer);
        return { fsvm: table?.items[item] ?? null, state: table?.state ?? 'unknown', epoch: table?.epoch ?? 0 };
      },
    },
    stop: () => mover.release(),
  };
}
