import type { Store } from '../../contract/capabilities/files';
import type { Lease } from '../../contract/operations';
import { Refusal } from '../../contract/errors';
import { Begun } from './begun';
import { Failures, type Failure } from './failures';
import { birthOf } from './identity';
import { itemName, terminated } from './names';
import { openRoot } from './places';
import { remove } from './remove';
import { storeKey, type Job, type Sender } from './send';
import { close } from './sys';

export interface DiscardInput {
  store: Store;
  items: string[];
  lease: Lease;
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

/**
 * Removes items that a copy of ours brought, and no others; `left` are those that something else has taken the place of. Whoever
 * still writes under this lease is ended first. Those who sent them see that they are gone, and send them again if they are asked to.
 */
export async function discard(
  sender: Sender,
  { store, items, lease }: DiscardInput,
  job: Job,
): Promise<{ removed: number; left: string[] }> {
  const { name, roots, stateDir } = sender;
  const root = openRoot(store.root, roots, name);
  const begun = new Begun(stateDir, store.root);
  try {
    let removed = 0;
    const left: string[] = [];
    await sender.quiet(lease);
    for (const item of items) {
      if (job.signal.aborted) throw new Refusal('JobCancelled', { job: job.id });
      const bytes = itemName(item);
      await sender.alone({ root: store.root, item, lease }, () => {
        const birth = birthOf(root, terminated(bytes));
        if (birth !== '' && !begun.isOurs(item, birth)) {
          left.push(item);
          return;
        }
        if (birth !== '') {
          remove(root, bytes);
          removed++;
        }
        begun.unmark(item);
      });
      await new Promise((resolve) => setImmediate(resolve));
    }
    return { removed, left };
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
