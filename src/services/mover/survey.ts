import { statfsSync } from 'node:fs';
import type { Filters, ItemFacts, Store } from '../../contract/capabilities/files';
import { Refusal } from '../../contract/errors';
import { readNames } from './dents';
import { Filter } from './filters';
import { Begun } from './begun';
import { birthOf } from './identity';
import { bytesToName, itemName, terminated } from './names';
import { openRoot } from './places';
import { Rate } from './rate';
import type { Job } from './send';
import { Stat, TYPE } from './stat';
import { close } from './sys';
import { walk, type Visit } from './walk';

export interface SurveyInput {
  store: Store;
  items?: string[] | undefined;
  filters: Filters;
}
export interface Survey {
  items: ItemFacts[];
  cannotKeep: { path: string; why: string }[];
  unreadable: { path: string; why: string }[];
  freeBytes: number;
  journal: boolean;
  privileged: boolean;
}

const LISTED = 100;

/** Counts the storage items of a store: a look at every entry, none is read. */
export async function survey(
  host: { name: string; roots: readonly string[]; journal: { watch(root: number): boolean } },
  input: SurveyInput,
  job: Job,
): Promise<Survey> {
  const root = openRoot(input.store.root, host.roots, host.name);
  const total = { bytes: 0, entries: 0 };
  const rate = new Rate(
    (progress) => job.report(progress),
    () => ({ done: total.bytes, doneFiles: total.entries }),
  );
  const { bavail, bsize } = statfsSync(`/proc/self/fd/${root}`);
  const privileged = process.geteuid?.() === 0;
  const out: Survey = {
    items: [],
    cannotKeep: [],
    unreadable: [],
    freeBytes: bavail * bsize,
    journal: host.journal.watch(root),
    privileged,
  };
  try {
    for (const item of input.items ?? itemsOf(root)) {
      rate.note = item;
      const name = itemName(item);
      if (new Stat().at(root, terminated(name)) < 0) {
        throw new Refusal('NotFound', { what: `storage item ${item}`, host: host.name });
      }
      const facts = { item, bytes: 0, files: 0, directories: 0, symlinks: 0, special: 0, foreignOwners: 0 };
      await walk(root, name, Filter.of(input.filters, name), job.signal, (visit) => {
        const before = facts.bytes;
        count(visit, facts, out);
        total.bytes += facts.bytes - before;
        total.entries++;
      });
      out.items.push(facts);
    }
    return out;
  } finally {
    close(root);
    rate.stop();
  }
}

/** Names the items of a store. `served`: those that a lookup table has put into service, whoever brought them. */
export function list(
  host: { name: string; roots: readonly string[]; stateDir: string },
  { store, served }: { store: Store; served: string[] },
): { items: { item: string; begun: boolean }[]; freeBytes: number; privileged: boolean } {
  const privileged = process.geteuid?.() === 0;
  const root = openRoot(store.root, host.roots, host.name);
  try {
    const { bavail, bsize } = statfsSync(`/proc/self/fd/${root}`);
    const marks = new Begun(host.stateDir, store.root);
    const begun = (item: string) =>
      !served.includes(item) && marks.isOurs(item, birthOf(root, terminated(itemName(item))));
    return {
      items: itemsOf(root).map((item) => ({ item, begun: begun(item) })),
      freeBytes: bavail * bsize,
      privileged,
    };
  } finally {
    close(root);
  }
}

/** Top-level entries that can be storage items, by name. */
export function itemsOf(root: number): string[] {
  const names = readNames(root);
  const stat = new Stat();
  const items: string[] = [];
  for (const start of names.starts) {
    const end = names.end(start);
    if (stat.at(root, names.bytes.subarray(start, end + 1)) < 0) continue;
    if (stat.type !== TYPE.DIRECTORY && stat.type !== TYPE.FILE && stat.type !== TYPE.SYMLINK) continue;
    items.push(bytesToName(Buffer.from(names.bytes.subarray(start, end))));
  }
  return items.toSorted();
}

function count({ stat, path, failed }: Visit, facts: ItemFacts, out: Survey): void {
  if (failed !== undefined) {
    if (out.unreadable.length < LISTED) out.unreadable.push({ path: bytesToName(path), why: failed });
    return;
  }
  if (stat.uid !== (process.geteuid?.() ?? 0)) facts.foreignOwners++;
  switch (stat.type) {
    case TYPE.DIRECTORY:
      facts.directories++;
      return;
    case TYPE.FILE:
      facts.files++;
      facts.bytes += stat.size;
      return;
    case TYPE.SYMLINK:
      facts.symlinks++;
      return;
    default:
      facts.special++;
      cannotKeep(stat.type, path, out);
  }
}

function cannotKeep(type: number, path: Buffer, out: Survey): void {
  const why =
    type === TYPE.SOCKET
      ? 'a socket means nothing without its process'
      : out.privileged
        ? undefined
        : 'a FIFO or device: only root can make it anew';
  if (why !== undefined && out.cannotKeep.length < LISTED) out.cannotKeep.push({ path: bytesToName(path), why });
}
