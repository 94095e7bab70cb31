import type { Batch } from './batch';
import type { ItemCatalog } from './catalog';
import type { Stat } from './stat';

/** The name of an inode under which its content was sent: `leader`; its other names become links to that. */
interface Claim {
  ctime: Buffer;
  /** Names seen in this item, of `nlink` in all. */
  names: number;
  nlink: number;
  pass: number;
  leader: Buffer;
  stored: boolean;
}

const AT_MOST = 20_000; // claims in memory, besides those on disk

/** Who leads each group of hard links of an item, over batches, lanes, passes and crashes. */
export class Claims {
  private recent = new Map<string, Claim | undefined>();
  touched = false;

  constructor(private readonly catalog: ItemCatalog) {}

  private find(inode: Buffer): Claim | undefined {
    const id = inode.toString('latin1');
    if (this.recent.has(id)) return this.recent.get(id);
    const bytes = this.catalog.store.db.get(this.catalog.claimKey(inode));
    return bytes === undefined ? undefined : parse(bytes);
  }
  /** The leader of this inode as it is now; the empty path when nobody leads it. */
  leader(inode: Buffer, stat: Stat): Buffer | undefined {
    const claim = this.find(inode);
    return claim !== undefined && claim.ctime.equals(ctimeOf(stat)) ? claim.leader : undefined;
  }
  /** `path` leads from now on; known to other passes once it was `count`ed. */
  lead(inode: Buffer, stat: Stat, path: Buffer): void {
    const claim = {
      ctime: ctimeOf(stat),
      names: 0,
      nlink: stat.nlink,
      pass: this.catalog.state.pass,
      leader: path,
      stored: false,
    };
    this.recent.set(inode.toString('latin1'), claim);
    this.touched = true;
  }
  /** One more name has arrived at the target. */
  count(inode: Buffer): void {
    const claim = this.find(inode);
    if (claim === undefined) return;
    claim.names++;
    claim.pass = this.catalog.state.pass;
    claim.stored = true;
    this.recent.set(inode.toString('latin1'), claim);
    void this.catalog.store.db.put(this.catalog.claimKey(inode), format(claim));
    this.touched = true;
  }
  /** That name is no longer what it was: it leads nobody. */
  release(inode: Buffer, path: Buffer): void {
    if (this.find(inode)?.leader.equals(path) !== true) return;
    this.recent.set(inode.toString('latin1'), undefined);
    void this.catalog.store.db.remove(this.catalog.claimKey(inode));
  }
  get isLarge(): boolean {
    return this.recent.size > AT_MOST;
  }
  /** Memory stays flat: what is on disk need not be here too. */
  async trim(): Promise<void> {
    await this.catalog.settled();
    for (const [id, claim] of this.recent) if (claim === undefined || claim.stored) this.recent.delete(id);
  }
  /** Names of this pass whose other names lie outside of the item. */
  async acrossItems(): Promise<number> {
    if (!this.touched) return 0;
    await this.trim();
    let names = 0;
    const [start, end] = this.catalog.claimKeys();
    for (const { value } of this.catalog.store.db.getRange({ start, end })) {
      const claim = parse(Buffer.from(value));
      if (claim.pass === this.catalog.state.pass && claim.names < claim.nlink) names += claim.names;
    }
    return names;
  }
}

/** The name that leads has arrived when this batch has. */
export function countLink({ claims }: { claims: Claims }, batch: Batch, stat: Stat): void {
  const inode = Buffer.from(stat.raw.subarray(32, 40));
  batch.notify({ acked: () => claims.count(inode) }, 0);
}

const ctimeOf = (stat: Stat): Buffer => Buffer.from(stat.raw.subarray(96, 108));

function format(claim: Claim): Buffer {
  const head = Buffer.alloc(24);
  claim.ctime.copy(head);
  head.writeUInt32LE(claim.names, 12);
  head.writeUInt32LE(claim.nlink, 16);
  head.writeUInt32LE(claim.pass, 20);
  return Buffer.concat([head, claim.leader]);
}

function parse(bytes: Buffer): Claim {
  return {
    ctime: Buffer.from(bytes.subarray(0, 12)),
    names: bytes.readUInt32LE(12),
    nlink: bytes.readUInt32LE(16),
    pass: bytes.readUInt32LE(20),
    leader: Buffer.from(bytes.subarray(24)),
    stored: true,
  };
}
