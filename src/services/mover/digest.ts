import type { CopyInput, ItemDigest } from '../../contract/capabilities/copy';
import { Refusal } from '../../contract/errors';
import { Filter } from './filters';
import { DigestSum, hash } from './hash';
import { bytesToName, itemName, terminated } from './names';
import { openRoot } from './places';
import { Rate } from './rate';
import { digestOf, openToRead } from './reading';
import type { Job } from './send';
import { Stat, TYPE } from './stat';
import { SystemError, close, errno, readlinkat } from './sys';
import { walk, type Visit } from './walk';
import { eachXattr, readXattrs } from './xattrs';

export type DigestInput = CopyInput<'digest'>;

/**
 * Says what items are on disk. The digest of an item is the sum modulo 2^128 of one xxh128 for each entry, so the order of the walk does not matter:
 *   entry   path inside the item, type, mode, [owner], [size, mtime, content digest of files], [target and mtime of symlinks], xattrs
 *   links   for each inode with several names in the item: the sum of the hashes of their paths
 * Left out: sizes of directories, inode numbers, times of access, blocks, and FIFOs, sockets and devices.
 * Without `content` sizes and times stand for the content, on both sides. Without `owners` what only root may set is left out.
 */
export async function digest(
  host: { name: string; roots: readonly string[] },
  input: DigestInput,
  job: Job,
): Promise<{ items: ItemDigest[] }> {
  const root = openRoot(input.store.root, host.roots, host.name);
  const total = { bytes: 0, entries: 0 };
  const rate = new Rate(
    (progress) => job.report(progress),
    () => ({ done: total.bytes, doneFiles: total.entries }),
  );
  try {
    const items: ItemDigest[] = [];
    for (const item of input.items) {
      rate.note = item;
      items.push(await digestItem(host, input, job, root, item, total));
    }
    return { items };
  } finally {
    close(root);
    rate.stop();
  }
}

async function digestItem(
  host: { name: string },
  input: DigestInput,
  job: Job,
  root: number,
  item: string,
  total: { bytes: number; entries: number },
): Promise<ItemDigest> {
  const name = itemName(item);
  if (new Stat().at(root, terminated(name)) < 0)
    throw new Refusal('NotFound', { what: `storage item ${item}`, host: host.name });
  const isLeftOut = leavingOut(input.except);
  const sum = new DigestSum();
  const groups = new LinkGroups();
  const own = { bytes: 0, entries: 0 };
  await walk(root, name, Filter.of(input.filters, name), job.signal, async (visit) => {
    if (isLeftOut(visit.path)) return;
    if (visit.failed !== undefined)
      throw new Refusal('NotPermitted', { what: visit.path.toString(), why: visit.failed });
    const hashed = await hashEntry(input, name, visit);
    if (hashed === undefined) return;
    sum.add(hashed);
    own.entries++;
    total.entries++;
    if (visit.stat.type === TYPE.DIRECTORY) return;
    if (visit.stat.nlink > 1) groups.add(visit.stat.identity(), hash(inside(visit.path, name)));
    if (visit.stat.type !== TYPE.FILE) return;
    own.bytes += visit.stat.size;
    total.bytes += visit.stat.size;
  });
  groups.into(sum);
  return { item, digest: sum.bytes().toString('hex'), ...own };
}

/** Is it one of these paths, or below one that nobody could look into? */
function leavingOut(except: DigestInput['except']): (path: Buffer) => boolean {
  if (except.length === 0) return () => false;
  const paths = new Map(except.map(({ path, below }) => [path, below]));
  return (path) => {
    const name = bytesToName(path);
    if (paths.has(name)) return true;
    for (let end = name.lastIndexOf('/'); end > 0; end = name.lastIndexOf('/', end - 1))
      if (paths.get(name.slice(0, end)) === true) return true;
    return false;
  };
}

/** One more byte in front, so that the item itself has a path too. */
const inside = (path: Buffer, item: Buffer): Buffer => Buffer.concat([Buffer.from('/'), path.subarray(item.length)]);

async function hashEntry(input: DigestInput, item: Buffer, visit: Visit): Promise<Uint8Array | undefined> {
  const { stat, path } = visit;
  const { type } = stat;
  if (type !== TYPE.DIRECTORY && type !== TYPE.FILE && type !== TYPE.SYMLINK) return undefined;
  const head = Buffer.alloc(40);
  head.writeUInt32LE(type === TYPE.SYMLINK ? type << 12 : stat.mode & (input.owners ? 0xffff : 0xf1ff), 0);
  if (input.owners) {
    head.writeUInt32LE(stat.uid, 4);
    head.writeUInt32LE(stat.gid, 8);
  }
  stat.raw.copy(head, 12, 112, 124); // mtime
  if (type === TYPE.FILE) head.writeDoubleLE(stat.size, 24);
  const parts = [head, inside(path, item), Buffer.of(0)];
  if (type === TYPE.SYMLINK) parts.push(linkTarget(visit));
  parts.push(attributes(visit, input.owners));
  if (type === TYPE.FILE && input.content) {
    const content = await digestOf(visit.dir, visit.name, stat, visit.breathe);
    if (content === undefined) return undefined;
    parts.push(Buffer.from(content));
  }
  return hash(Buffer.concat(parts));
}

const target = Buffer.alloc(8192);
function linkTarget({ dir, name }: Visit): Buffer {
  const got = readlinkat(dir, name, target, target.length);
  if (got < 0) throw new SystemError(errno(), 'readlink');
  return Buffer.from(target.subarray(0, got));
}

function attributes({ dir, name, stat }: Visit, privileged: boolean): Buffer {
  const blob = read(dir, name, stat);
  if (privileged || blob.length === 0) return blob;
  const kept = [...eachXattr(blob)].filter(({ text }) => !text.startsWith('trusted.') && !text.startsWith('security.'));
  return Buffer.concat(kept.flatMap(({ name: key, value }) => [key, value, Buffer.of(0)]));
}

function read(dir: number, name: Buffer, stat: Stat): Buffer {
  const end = name.indexOf(0);
  if (stat.type === TYPE.FILE) {
    const fd = openToRead(dir, name);
    if (fd >= 0) {
      try {
        return readXattrs(fd);
      } finally {
        close(fd);
      }
    }
  }
  return readXattrs(Buffer.concat([Buffer.from(`/proc/self/fd/${dir}/`), name.subarray(0, end + 1)]));
}

/** Inodes with several names: who belongs together, told without inode numbers. */
class LinkGroups {
  private readonly groups = new Map<string, { sum: DigestSum; names: number }>();
  add(identity: Buffer, path: Uint8Array): void {
    const key = identity.toString('latin1');
    let group = this.groups.get(key);
    if (group === undefined) this.groups.set(key, (group = { sum: new DigestSum(), names: 0 }));
    group.sum.add(path);
    group.names++;
  }
  into(sum: DigestSum): void {
    for (const { sum: paths, names } of this.groups.values()) {
      if (names > 1) sum.add(hash(Buffer.concat([Buffer.from('links'), paths.bytes()])));
    }
  }
}
