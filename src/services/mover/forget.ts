import { join } from './names';
import type { Pass } from './pass';
import { FLAG, type Record } from './record';
import { TYPE } from './stat';

/** An entry is no longer what the catalog says: nobody links to it, and nothing is known of what was in it. */
export function forgetEntry(pass: Pass, old: Record, at: number, path: Buffer): void {
  if (old.type(at) === TYPE.DIRECTORY) forgetFolder(pass, old.directoryId(at), path);
  else if ((old.flags(at) & FLAG.LINKED) !== 0) pass.claims.release(inodeOf(old, at), path);
}
const inodeOf = (old: Record, at: number): Buffer => Buffer.from(old.fingerprint(at).subarray(0, 8));

function forgetFolder(pass: Pass, id: number, path: Buffer): void {
  const below: [number, Buffer][] = [[id, path]];
  for (let next = below.pop(); next !== undefined; next = below.pop()) {
    const [folder, at] = next;
    for (const { key, record } of pass.catalog.parts(folder)) {
      for (const entry of record.entries()) {
        const child = join(at, record.name(entry));
        if (record.type(entry) === TYPE.DIRECTORY) below.push([record.directoryId(entry), child]);
        else if ((record.flags(entry) & FLAG.LINKED) !== 0) pass.claims.release(inodeOf(record, entry), child);
      }
      pass.catalog.remove(key);
    }
  }
}
