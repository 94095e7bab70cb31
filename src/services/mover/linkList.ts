import type { ItemCatalog } from './catalog';
import type { Place } from './pass';

/** A name that waits for its link. */
export interface Pending {
  path: Buffer;
  id: number;
  level: number;
  part: number;
  name: Buffer;
}

const GROUP = 500; // links of one directory that are made together

/** Names that become hard links when everything else of the item has arrived. On disk, so that memory stays flat. */
export class LinkList {
  private written = 0;
  constructor(private readonly catalog: ItemCatalog) {}

  /** What an unfinished pass left is found anew: its entries are still pending. */
  async clear(): Promise<void> {
    const [from, to] = this.catalog.linkKeys();
    await this.catalog.store.clear(from, to);
    this.written = 0;
  }
  add(at: Place, place: Place, name: Uint8Array): void {
    const head = Buffer.alloc(16);
    head.writeUIntLE(at.id, 0, 6);
    head[6] = place.level;
    head.writeUInt32LE(place.part, 8);
    head.writeUInt32LE(at.path.length, 12);
    void this.catalog.store.db.put(this.catalog.linkKey(this.written++), Buffer.concat([head, at.path, name]));
  }
  get count(): number {
    return this.written;
  }
  private at(number: number): Pending {
    const bytes = Buffer.from(this.catalog.store.db.get(this.catalog.linkKey(number)) ?? Buffer.alloc(16));
    const length = bytes.readUInt32LE(12);
    return {
      id: bytes.readUIntLE(0, 6),
      level: bytes[6] ?? 0,
      part: bytes.readUInt32LE(8),
      path: bytes.subarray(16, 16 + length),
      name: bytes.subarray(16 + length),
    };
  }
  /** Directory by directory, in the order in which they were found. */
  *groups(): Generator<Pending[]> {
    let group: Pending[] = [];
    for (let number = 0; number < this.written; number++) {
      const next = this.at(number);
      if (group.length === GROUP || (group[0] !== undefined && group[0].id !== next.id)) {
        yield group;
        group = [];
      }
      group.push(next);
    }
    if (group.length > 0) yield group;
  }
}
