import { readFileSync, readlinkSync } from 'node:fs';
import { Changes } from './changes';
import { E, O, close, cString, errno, fanotify_init, fanotify_mark, fstatfs, open_by_handle_at, read } from './sys';

/**
 * Which directories of a store have changed, told by the kernel (fanotify), so that a pass over what did not change costs nothing.
 * It is only believed when it has watched without a gap since the catalog's last pass began; else everything is looked at.
 * What it cannot see: writes through a mapping that outlives its descriptor, and changes that another machine makes (so only local file systems).
 */
const FAN_CLOEXEC_NONBLOCK = 0x3;
const FAN_UNLIMITED = 0x10 | 0x20;
const FAN_REPORT_DIR_FID = 0x400;
const FAN_MARK_ADD_FILESYSTEM = 0x1 | 0x100;
/** MODIFY, ATTRIB, CLOSE_WRITE, MOVED_FROM, MOVED_TO, CREATE, DELETE; on directories too. */
const CHANGES = 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200 | 0x4000_0000;
const QUEUE_OVERFLOWED = 0x4000;
const INFO_DIRECTORY = [1, 3]; // of what happened in it, and to it

const LOCAL: readonly number[] = [0xef53, 0x58465342, 0x01021994, 0x9123683e, 0xf2f52010]; // ext4, xfs, tmpfs, btrfs, f2fs
const EVERY_MS = 500; // meanwhile the kernel merges what happens in one directory
const TURNS = 1_000; // reads at once: who writes faster than that is seen the next time
const AT_MOST = 200_000; // directories that are remembered

export class Journal {
  private group = -1;
  private timer: NodeJS.Timeout | undefined;
  /** Directory (file system and handle) → when it last changed. */
  private readonly changed = new Map<string, number>();
  private readonly watched = new Set<string>();
  private clock = 0;
  /** A gap in the watch: what was marked before it is not believed. */
  private gapAt = 0;
  private readonly events = Buffer.alloc(256 * 1024);

  constructor(private readonly log: (event: string, facts?: { [key: string]: unknown }) => void) {}

  /** Begins to watch the file system of that directory, if that is possible. True when it is being watched. */
  watch(root: number): boolean {
    const about = Buffer.alloc(128);
    if (process.geteuid?.() !== 0 || fstatfs(root, about) < 0) return false;
    if (!LOCAL.includes(about.readUInt32LE(0)) || hasMountBelow(root)) return false;
    const id = about.toString('latin1', 56, 64);
    if (this.watched.has(id)) return true;
    if (this.group < 0 && !this.open()) return false;
    if (fanotify_mark(this.group, FAN_MARK_ADD_FILESYSTEM, BigInt(CHANGES), root, cString('.')) < 0) return false;
    this.watched.add(id);
    return true;
  }

  private open(): boolean {
    this.group = fanotify_init(FAN_CLOEXEC_NONBLOCK | FAN_UNLIMITED | FAN_REPORT_DIR_FID, O.RDONLY | O.CLOEXEC);
    if (this.group < 0) return false;
    this.timer = setInterval(() => this.drain(), EVERY_MS).unref();
    return true;
  }
  stop(): void {
    clearInterval(this.timer);
    if (this.group >= 0) close(this.group);
  }

  /** What has changed below `root` up to now; undefined where nobody watches. */
  changes(root: number): Changes | undefined {
    if (!this.watch(root)) return undefined;
    this.drain();
    const about = Buffer.alloc(128);
    if (fstatfs(root, about) < 0) return undefined;
    const id = about.toString('latin1', 56, 64);
    const { changed, gapAt } = this;
    const until = ++this.clock;
    return new Changes(until, gapAt, function* (after, upTo) {
      const base = pathOf(root);
      for (const [key, at] of changed) {
        if (at <= after || at > upTo || !key.startsWith(id)) continue;
        const path = resolve(root, Buffer.from(key.slice(8), 'latin1'));
        if (path === 'unknown' || base === undefined) yield 'unknown';
        else if (path !== 'gone') yield { path: below(base, path), at };
      }
    });
  }

  private drain(): void {
    if (this.group < 0) return;
    for (let turn = 0; turn < TURNS; turn++) {
      const got = read(this.group, this.events, this.events.length);
      if (got <= 0) return;
      this.clock++;
      for (let at = 0; at < got; at += this.events.readUInt32LE(at)) this.note(at);
      if (this.changed.size > AT_MOST) this.gap('too many directories changed');
    }
  }

  private note(at: number): void {
    const end = at + this.events.readUInt32LE(at);
    if ((this.events.readUInt32LE(at + 8) & QUEUE_OVERFLOWED) !== 0) return this.gap('the kernel lost events');
    for (let info = at + this.events.readUInt16LE(at + 6); info < end;) {
      const length = this.events.readUInt16LE(info + 2);
      if (INFO_DIRECTORY.includes(this.events[info] ?? 0)) {
        this.changed.set(this.events.toString('latin1', info + 4, info + length), this.clock);
        return;
      }
      info += Math.max(4, length);
    }
    // No directory: a file that has no name any more, or not yet. It gets one by an event of its own.
  }

  private gap(why: string): void {
    this.log('the journal of changes has a gap: the next pass looks at everything', { why });
    this.changed.clear();
    this.gapAt = ++this.clock;
  }
}

function resolve(root: number, handle: Buffer): Buffer | 'gone' | 'unknown' {
  const fd = open_by_handle_at(root, handle, O.PATH | O.CLOEXEC);
  if (fd < 0) return errno() === E.ESTALE || errno() === E.ENOENT ? 'gone' : 'unknown';
  const path = pathOf(fd);
  close(fd);
  return path ?? 'unknown';
}

function pathOf(fd: number): Buffer | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${fd}`, 'buffer');
  } catch {
    return undefined; // longer than PATH_MAX: then nothing is known, and everything is looked at
  }
}

function below(base: Buffer, path: Buffer): Buffer | undefined {
  if (path.equals(base)) return Buffer.alloc(0);
  const isBelow = path.length > base.length && path[base.length] === 0x2f && path.subarray(0, base.length).equals(base);
  return isBelow ? path.subarray(base.length + 1) : undefined;
}

/** Another file system inside of the store would change unseen. */
function hasMountBelow(root: number): boolean {
  const base = pathOf(root)?.toString('latin1');
  if (base === undefined) return true;
  const plain = (text: string) =>
    text.replace(/\\(\d{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
  const mounts = readFileSync('/proc/self/mountinfo', 'latin1').split('\n');
  return mounts.some((line) => plain(line.split(' ')[4] ?? '').startsWith(base === '/' ? '/' : `${base}/`));
}
