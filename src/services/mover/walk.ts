import { Refusal } from '../../contract/errors';
import { Names, readNames } from './dents';
import type { Filter } from './filters';
import { join } from './names';
import { openBeneath } from './places';
import { Stat, TYPE } from './stat';
import { E, SystemError, close, errno } from './sys';

/** One entry that a walk comes by. */
export interface Visit {
  /** The directory it is in, open, and its name there with a NUL. */
  dir: number;
  name: Buffer;
  /** From the store's root. */
  path: Buffer;
  stat: Stat;
  /** It could not be looked at, for this reason. */
  failed?: string;
  /** Lets others run when the walk has had its turn. */
  breathe: () => Promise<void>;
}

const TURN_MS = 10;

/** Visits an item and all that is in it, as it is on disk. The stack holds names of one directory for each level of depth. */
export async function walk(
  root: number,
  item: Buffer,
  filter: Filter | undefined,
  signal: AbortSignal,
  visit: (visit: Visit) => Promise<void> | void,
): Promise<void> {
  const stack: { path: Buffer; names: Names; next: number }[] = [];
  let turnAt = performance.now();
  const breathe = async () => {
    if (performance.now() - turnAt < TURN_MS) return;
    await new Promise((resolve) => setImmediate(resolve));
    if (signal.aborted) throw new Refusal('JobCancelled', { job: item.toString() });
    turnAt = performance.now();
  };
  const inFolder = async (fd: number, path: Buffer, names: Names): Promise<Names> => {
    const folders = new Names();
    const stat = new Stat();
    for (const start of names.starts) {
      const end = names.end(start);
      const name = names.bytes.subarray(start, end + 1);
      const child = join(path, names.bytes.subarray(start, end));
      if (stat.at(fd, name) < 0) {
        const code = errno();
        if (code !== E.ENOENT)
          await visit({ dir: fd, name, path: child, stat, breathe, failed: new SystemError(code, 'stat').message });
        continue;
      }
      const isFolder = stat.type === TYPE.DIRECTORY;
      if (filter?.excludes(child, isFolder) === true) continue;
      await visit({ dir: fd, name, path: child, stat, breathe });
      if (isFolder) folders.add(names.bytes, start, end);
      await breathe();
    }
    return folders;
  };
  stack.push({ path: Buffer.alloc(0), names: await inFolder(root, Buffer.alloc(0), Names.of(item)), next: 0 });
  for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
    const start = top.names.starts[top.next++];
    if (start === undefined) {
      stack.pop();
      continue;
    }
    const path = join(top.path, top.names.bytes.subarray(start, top.names.end(start)));
    const fd = openBeneath(root, path);
    if (fd < 0) {
      const code = errno();
      if (code !== E.ENOENT) {
        await visit({
          dir: root,
          name: Buffer.of(0),
          path,
          stat: new Stat(),
          breathe,
          failed: new SystemError(code, 'open').message,
        });
      }
      continue;
    }
    try {
      stack.push({ path, names: await inFolder(fd, path, readNames(fd)), next: 0 });
    } finally {
      close(fd);
    }
  }
}
