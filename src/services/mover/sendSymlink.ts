import type { Entry } from './entry';
import { countLink } from './claims';
import { SystemError, errno, readlinkat } from './sys';
import { OP } from './wire';
import { readXattrs } from './xattrs';

const target = Buffer.alloc(8192);

/** `flags`: of its entry in the catalog. */
export async function sendSymlink(entry: Entry, flags: number): Promise<void> {
  const { folder, part, name, start, end, stat } = entry;
  const got = readlinkat(folder.fd, name.subarray(start), target, target.length - 1);
  if (got < 0) throw new SystemError(errno(), 'readlink');
  target[got] = 0;
  // A copy: other lanes read links into the same buffer while this one waits for its turn.
  const text = Buffer.from(target.subarray(0, got + 1));
  const xattrs = readXattrs(Buffer.concat([Buffer.from(`/proc/self/fd/${folder.fd}/`), name.subarray(start, end + 1)]));
  await folder.breathe(got + xattrs.length);
  const batch = folder.batch(part);
  const op = batch.open(OP.SYMLINK, name, start, end);
  batch.putMeta(stat, xattrs);
  batch.put(text);
  batch.close(op, part, part.writer.add(name, start, end, stat, flags));
  part.rides(batch);
  if (flags !== 0) countLink(folder.pass, batch, stat);
  folder.pass.counts.symlinks++;
}
