import type { Lane } from './lane';
import { openBeneath } from './places';
import type { Pass } from './pass';
import { Stat } from './stat';
import { close } from './sys';
import { OP } from './wire';
import { readXattrs } from './xattrs';

/** Without root at the target, a directory that nobody may enter gets its mode when nothing has to go into it any more: deepest first. */
export async function sendLate(pass: Pass, lane: Lane): Promise<void> {
  const paths = [...pass.late].map((path) => Buffer.from(path, 'latin1')).toSorted((a, b) => b.length - a.length);
  const stat = new Stat();
  for (const path of paths) {
    const fd = openBeneath(pass.root, path);
    if (fd < 0) continue; // it vanished: the next pass sees it
    stat.of(fd);
    const xattrs = readXattrs(fd);
    close(fd);
    if (!lane.current.fits(path.length + xattrs.length + 1024)) await lane.flush();
    lane.current.close(lane.current.open(OP.OPEN, path, 0, path.length));
    const op = lane.current.open(OP.END, path, 0, 0);
    lane.current.putMeta(stat, xattrs);
    lane.current.close(op, { refused: (why) => pass.failures.add(path, 'store', why) });
    lane.current.folder = undefined;
  }
  await lane.drain();
}
