import type { Changes } from './changes';
import type { Journal } from './journal';
import { Names } from './dents';
import type { Lane } from './lane';
import { split } from './names';
import type { Pass } from './pass';
import { partOf } from './sendFolder';
import { TYPE } from './stat';

/** What the journal says, asked anew when that is old: a job may take hours. */
export class Watch {
  private changes: Changes | undefined;
  constructor(
    private readonly journal: Journal,
    private readonly root: number,
  ) {}
  now(): Changes | undefined {
    if (this.changes === undefined || performance.now() - this.changes.takenAt > FRESH_MS)
      this.changes = this.journal.changes(this.root);
    return this.changes;
  }
}

const FRESH_MS = 2_000;

/** Leaves in the work those directories of the item that the journal names; new ones below them are found on the way. */
export function leaveChanges(pass: Pass, lane: Lane, changed: Buffer[]): void {
  const ids = new Map<string, number | undefined>([['', 0]]);
  for (const path of changed) {
    const id = idOf(pass, path, ids);
    if (id === undefined) continue; // new: the directory it is in has changed too, and comes by it
    pass.named.add(id);
    const [folder, name] = split(path);
    const at = { path: folder, id: 0, level: 0, part: 0 };
    pass.work.push({ kind: 'folders', at, names: Names.of(name), ids: [id], next: 0, lane, sequence: 0 });
  }
}

/** The catalog's id of a directory that the target has. */
function idOf(pass: Pass, path: Buffer, ids: Map<string, number | undefined>): number | undefined {
  const key = path.toString('latin1');
  if (ids.has(key)) return ids.get(key);
  const [folder, name] = split(path);
  const parent = idOf(pass, folder, ids);
  const id = parent === undefined ? undefined : childOf(pass, parent, name);
  ids.set(key, id);
  return id;
}

function childOf(pass: Pass, parent: number, name: Buffer): number | undefined {
  const level = pass.catalog.record(parent, 0, 0)?.level ?? 0;
  const record = pass.catalog.record(parent, level, partOf(name, 0, name.length, level));
  const at = record?.find(name, 0, name.length) ?? -1;
  if (record === undefined || at < 0 || record.type(at) !== TYPE.DIRECTORY) return undefined;
  return record.directoryId(at);
}
