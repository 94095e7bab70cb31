import { Folder } from './folder';
import { sendFile } from './sendFile';
import { noteClosed } from './closed';
import type { Lane } from './lane';
import { split } from './names';
import { sendPieces } from './sendPieces';
import { openBeneath } from './places';
import { Names } from './dents';
import type { Pass } from './pass';
import type { Pending } from './linkList';
import { Part } from './part';
import { FLAG, Record } from './record';
import { sendSymlink } from './sendSymlink';
import { Stat, TYPE } from './stat';
import { close } from './sys';
import { OP } from './wire';
import { readXattrs } from './xattrs';

/** Makes the links of the item, and gives their directories their times back. */
export async function sendLinks(pass: Pass, lane: Lane): Promise<void> {
  await pass.catalog.settled();
  for (const group of pass.links.groups()) await sendGroup(pass, lane, group);
  await lane.drain();
}

async function sendGroup(pass: Pass, lane: Lane, group: Pending[]): Promise<void> {
  const first = group[0];
  if (first === undefined) return;
  const fd = openBeneath(pass.root, first.path);
  if (fd < 0) return; // the directory vanished: the next pass sees it
  try {
    const folder = new Folder(pass, lane, fd, { path: first.path, id: first.id, level: first.level, part: first.part });
    const done: Pending[] = [];
    for (const pending of group) if (await sendLink(folder, pending, done)) await folder.breathe();
    await endAgain(folder, done);
  } finally {
    close(fd);
  }
}

async function sendLink(folder: Folder, pending: Pending, done: Pending[]): Promise<boolean> {
  const { pass } = folder;
  const { name } = pending;
  const stat = new Stat();
  const terminated = Buffer.concat([name, Buffer.of(0)]);
  if (stat.at(folder.fd, terminated) < 0) return false;
  const inode = Buffer.from(stat.raw.subarray(32, 40));
  const path = Buffer.concat([pending.path, Buffer.from('/'), name]);
  const leader = pass.claims.leader(inode, stat);
  if (leader === undefined || leader.equals(path)) {
    await leadAfterAll(folder, pending, terminated, stat, path);
    return true;
  }
  noteClosed(pass, split(leader)[0]);
  await folder.breathe(leader.length);
  const batch = folder.batch(new Part(pass, folder.at, undefined, 0));
  const op = batch.open(OP.LINK, name, 0, name.length);
  batch.put(leader);
  batch.put(Buffer.of(0));
  let why: string | undefined;
  batch.close(op, { refused: (text) => (why = text) });
  batch.notify(
    {
      acked: () => {
        if (why === undefined) {
          pass.claims.count(inode);
          done.push(pending);
          return;
        }
        pass.claims.release(inode, leader); // the next pass finds another leader
        pass.failures.add(path, 'store', why);
      },
    },
    0,
  );
  pass.counts.hardLinks++;
  return true;
}

/** The name that led is gone since: this one leads. */
async function leadAfterAll(folder: Folder, pending: Pending, name: Buffer, stat: Stat, path: Buffer): Promise<void> {
  const { pass } = folder;
  const { id, level, part: number } = pending;
  await folder.lane.drain();
  await pass.catalog.settled();
  const place = { ...folder.at, level, part: number };
  const part = new Part(pass, place, undefined, level);
  const end = name.length - 1;
  pass.claims.lead(Buffer.from(stat.raw.subarray(32, 40)), stat, path);
  const entry = { folder, part, name, start: 0, end, before: -1, stat };
  await (stat.type === TYPE.SYMLINK ? sendSymlink(entry, FLAG.LINKED) : sendFile(entry, false, FLAG.LINKED));
  await folder.lane.drain();
  const sent = Record.read(part.writer.build({ owed: true, level, growing: 0 }, part.writer.length));
  await pass.catalog.settled();
  await pass.catalog.patch(id, level, number, (record) => {
    const to = record.find(name, 0, end);
    const from = sent?.find(name, 0, end) ?? -1;
    if (to < 0 || from < 0 || sent === undefined) return;
    record.fingerprint(to).set(sent.fingerprint(from));
    record.digest(to).set(sent.digest(from));
    record.setFlags(to, sent.flags(from));
  });
  if (folder.files.names.count > 0) {
    const frame = { ...folder.files, names: Names.of(name.subarray(0, end)), ids: [number], next: 0 };
    folder.files.names = new Names();
    folder.files.ids = [];
    await sendPieces(pass, folder.lane, { frame, index: 0 });
  }
}

/** The directory's times, which the links have disturbed; then the catalog learns of both. */
async function endAgain(folder: Folder, done: Pending[]): Promise<void> {
  const { pass, lane, at } = folder;
  if (folder.stat.of(folder.fd) < 0) return;
  await folder.breathe();
  let why: string | undefined;
  const batch = folder.batch(new Part(pass, at, undefined, 0));
  const op = batch.open(OP.END, at.path, 0, 0);
  batch.putMeta(folder.stat, readXattrs(folder.fd));
  batch.close(op, { refused: (text) => (why = text) });
  await lane.drain();
  for (const part of new Set(done.map((pending) => pending.part))) {
    await pass.catalog.patch(at.id, at.level, part, (record) => {
      for (const { name, part: of } of done) {
        const entry = of === part ? record.find(Buffer.concat([name, Buffer.of(0)]), 0, name.length) : -1;
        if (entry >= 0) record.setFlags(entry, record.flags(entry) & ~FLAG.PENDING);
      }
    });
  }
  if (why !== undefined) return pass.failures.add(at.path, 'store', why);
  await pass.catalog.patch(at.id, 0, 0, (record) => record.setEnded(folder.stat));
}
