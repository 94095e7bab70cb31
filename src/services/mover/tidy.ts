import type { Store } from '../../contract/capabilities/files';
import { Refusal } from '../../contract/errors';
import { Begun } from './begun';
import { Failures, type Failure } from './failures';
import { itemBirth } from './identity';
import { itemName, terminated } from './names';
import { openRoot } from './places';
import { remove } from './remove';
import { storeKey, type Job, type Sender } from './send';
import { close } from './sys';

export interface DiscardInput {
  store: Store;
  items: string[];
}
export interface ForgetInput {
  from: Store;
  to: Store;
  items: string[];
}
export interface FailuresInput {
  from: Store;
  to: Store;
  after: number;
  limit: number;
}

/** Removes items that a copy of ours brought, and no others. Those who sent them see that they are gone, and send them again if they are asked to. */
export async function discard(
  { name, roots, stateDir }: Sender,
  { store, items }: DiscardInput,
  job: Job,
): Promise<{ removed: number }> {
  const root = openRoot(store.root, roots, name);
  const begun = new Begun(stateDir, store.root);
  try {
    let removed = 0;
    for (const item of items) {
      if (job.signal.aborted) throw new Refusal('JobCancelled', { job: job.id });
      const bytes = itemName(item);
      const birth = itemBirth(root, terminated(bytes));
      if (birth !== '' && begun.isOurs(item, birth)) {
        remove(root, bytes);
        removed++;
      }
      begun.unmark(item);
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { removed };
  } finally {
    close(root);
  }
}

export async function forget({ catalogs }: Sender, { from, to, items }: ForgetInput): Promise<object> {
  for (const item of items) {
    const catalog = catalogs.item(storeKey(from), storeKey(to), item);
    await catalog.drop();
    await catalog.settled();
  }
  return {};
}

/** Pages through the failures of all items of a pair of stores; `after` counts those before. */
export function failuresOf(
  { catalogs }: Sender,
  { from, to, after, limit }: FailuresInput,
): { failures: Omit<Failure, 'pass'>[]; total: number } {
  const failures: Omit<Failure, 'pass'>[] = [];
  let total = 0;
  for (const catalog of catalogs.items(storeKey(from), storeKey(to))) {
    for (const { path, phase, why } of Failures.of(catalog)) {
      if (total++ >= after && failures.length < limit) failures.push({ path, phase, why });
    }
  }
  return { failures, total };
}
