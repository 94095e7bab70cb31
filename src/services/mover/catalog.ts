import { createHash } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { open, type RootDatabase } from 'lmdb';
import { hash } from './hash';
import { Record } from './record';
import { FINGERPRINT, type Stat } from './stat';

/** What is known of one item's copies to one place, beside its records. */
export interface ItemState {
  number: number;
  storeId: string;
  bootId: string;
  /** The target's disk has all that was sent. */
  durable: boolean;
  /** The target may hold entries that we know nothing of. */
  reconcile: boolean;
  itemBirth: string;
  nextId: number;
  pass: number;
  /** The last pass came to its end, and left nothing to be sent again. */
  clean: boolean;
  /** The filters it was sent with. */
  filters: string;
}

const KIND = { RECORD: 0x52, CLAIM: 0x43, PIECE: 0x50, LINK: 0x4c, FAILURE: 0x46 } as const;
const BOUNDS = Buffer.from('"bounds"');
const BEGUN = 2 ** 48 - 1; // the last piece that none has: what the file was when it was begun

/** All that must survive a crash of the sender, in one LMDB environment on the host's disk. */
export class CatalogStore {
  readonly db: RootDatabase<Buffer, Buffer>;

  constructor(stateDir: string) {
    const path = join(stateDir, 'catalog');
    mkdirSync(path, { recursive: true });
    this.db = open<Buffer, Buffer>({ path, keyEncoding: 'binary', encoding: 'binary' });
  }
  close(): Promise<void> {
    return this.db.close();
  }
  /** The state of an item, made when it is new. */
  item(from: string, to: string, item: string): ItemCatalog {
    const key = Buffer.from(JSON.stringify(['item', hashed(from), hashed(to), hashed(item)]));
    const found = this.db.get(key);
    if (found !== undefined) return new ItemCatalog(this, key, JSON.parse(found.toString()) as ItemState);
    return new ItemCatalog(this, key, emptyState(this.nextNumber()));
  }
  /** The catalogs of every item between two stores. */
  *items(from: string, to: string): Generator<ItemCatalog> {
    const text = JSON.stringify(['item', hashed(from), hashed(to)]).slice(0, -1);
    const start = Buffer.from(`${text},`);
    for (const { key, value } of this.db.getRange({ start, end: Buffer.from(`${text}-`) })) {
      yield new ItemCatalog(this, Buffer.from(key), JSON.parse(value.toString()) as ItemState);
    }
  }
  /** Bytes per second that may leave this host; 0 is no bound. Each target of a lease may have set one, and the lowest holds. */
  get bound(): number {
    const lowest = Math.min(...Object.values(this.bounds()));
    return Number.isFinite(lowest) ? lowest : 0;
  }
  /** Kept here, so that it holds for the next mover too. */
  setBound(target: string, bytesPerSecond: number): void {
    const { [target]: _, ...others } = this.bounds();
    const bounds = bytesPerSecond > 0 ? { ...others, [target]: bytesPerSecond } : others;
    this.db.putSync(BOUNDS, Buffer.from(JSON.stringify(bounds)));
  }
  private bounds(): { [target: string]: number } {
    return JSON.parse(this.db.get(BOUNDS)?.toString() ?? '{}') as { [target: string]: number };
  }
  nextNumber(): number {
    const key = Buffer.from('"number"');
    const number = Number(this.db.get(key)?.toString() ?? 0) + 1;
    this.db.putSync(key, Buffer.from(String(number)));
    return number;
  }
  /** Removes everything between two keys, in turns. */
  async clear(from: Buffer, to: Buffer): Promise<void> {
    for (;;) {
      const keys = [...this.db.getKeys({ start: from, end: to, limit: 10_000 })].map((key) => Buffer.from(key));
      if (keys.length === 0) return;
      await this.db.batch(() => {
        for (const key of keys) void this.db.remove(key);
      });
    }
  }
}

/** LMDB's keys are short, names are not. */
const hashed = (text: string): string => (text.length < 300 ? text : sha(text));
const sha = (text: string): string => createHash('sha256').update(text).digest('hex');

const emptyState = (number: number): ItemState => ({
  number,
  storeId: '',
  bootId: '',
  durable: true,
  reconcile: false,
  itemBirth: '',
  nextId: 2,
  pass: 0,
  clean: false,
  filters: '',
});

/** The catalog of one item. Directory 0 is the store's root, which holds the item alone; directory 1 the item. */
export class ItemCatalog {
  private reserved: number;

  constructor(
    readonly store: CatalogStore,
    private readonly stateKey: Buffer,
    readonly state: ItemState,
  ) {
    this.reserved = state.nextId;
  }

  save(): void {
    void this.store.db.put(this.stateKey, Buffer.from(JSON.stringify({ ...this.state, nextId: this.reserved })));
  }
  /** Everything that was put so far is there for readers, and survives the end of this process. */
  async settled(): Promise<void> {
    await this.store.db.committed;
  }
  newId(): number {
    const id = this.state.nextId++;
    if (id >= this.reserved) {
      this.reserved = id + 1_000;
      this.save();
    }
    return id;
  }
  /** Forgets all of it. What was sent is sent again. */
  async drop(): Promise<void> {
    const { number } = this.state;
    Object.assign(this.state, { ...emptyState(this.store.nextNumber()), pass: this.state.pass });
    this.reserved = this.state.nextId;
    this.save();
    await this.store.clear(prefix(number), prefix(number + 1));
  }

  record(directory: number, level: number, part: number): Record | undefined {
    return Record.read(this.store.db.get(this.key(KIND.RECORD, directory, level, part)));
  }
  putRecord(directory: number, level: number, part: number, bytes: Buffer): void {
    void this.store.db.put(this.key(KIND.RECORD, directory, level, part), bytes);
  }
  removeRecord(directory: number, level: number, part: number): void {
    void this.store.db.remove(this.key(KIND.RECORD, directory, level, part));
  }
  /** All parts of one directory. */
  *parts(directory: number): Generator<{ key: Buffer; record: Record }> {
    const from = this.key(KIND.RECORD, directory, 0, 0);
    const to = this.key(KIND.RECORD, directory + 1, 0, 0);
    for (const { key, value } of this.store.db.getRange({ start: from, end: to })) {
      const record = Record.read(Buffer.from(value));
      if (record !== undefined) yield { key: Buffer.from(key), record };
    }
  }
  remove(key: Buffer): void {
    void this.store.db.remove(key);
  }
  private key(kind: number, directory: number, level: number, part: number): Buffer {
    const key = Buffer.allocUnsafe(16);
    key.writeUInt32BE(this.state.number, 0);
    key[4] = kind;
    key.writeUIntBE(directory, 5, 6);
    key[11] = level;
    key.writeUInt32BE(part, 12);
    return key;
  }

  /** Changes a record that is stored, in the order of all other writes. */
  async patch(directory: number, level: number, part: number, change: (record: Record) => void): Promise<void> {
    const key = this.key(KIND.RECORD, directory, level, part);
    await this.store.db.transaction(() => {
      const found = this.store.db.get(key);
      const record = Record.read(found === undefined ? undefined : Buffer.from(found));
      if (record === undefined) return;
      change(record);
      void this.store.db.put(key, record.bytes);
    });
  }

  /** A long file is begun: as it is now. Whatever was known of its pieces is not true any more. */
  async begin(path: Buffer, stat: Stat): Promise<void> {
    await this.abandon(path);
    const print = Buffer.alloc(FINGERPRINT);
    stat.fingerprint(print, 0);
    void this.store.db.put(this.pieceKey(hash(path), BEGUN), print);
  }
  begun(path: Buffer, stat: Stat): boolean {
    const print = this.store.db.get(this.pieceKey(hash(path), BEGUN));
    return print !== undefined && stat.isSame(Buffer.from(print), 0);
  }
  putPiece(path: Buffer, piece: number, digest: Uint8Array): void {
    void this.store.db.put(this.pieceKey(hash(path), piece), Buffer.from(digest));
  }
  /** Which pieces have arrived: a 1 for each that has. */
  pieces(path: Buffer, count: number): Uint8Array {
    const there = new Uint8Array(count);
    const [start, end] = this.pieceRange(path);
    for (const key of this.store.db.getKeys({ start, end }))
      there[Buffer.from(key).readUIntBE(start.length - 6, 6)] = 1;
    return there;
  }
  *pieceDigests(path: Buffer): Generator<Buffer> {
    const [start, end] = this.pieceRange(path);
    for (const { value } of this.store.db.getRange({ start, end })) yield Buffer.from(value);
  }
  /** Forgets the pieces: the file is whole, or is begun anew. */
  async abandon(path: Buffer): Promise<void> {
    const [start] = this.pieceRange(path);
    const end = this.pieceKey(hash(path), BEGUN);
    await this.settled();
    await this.store.clear(start, Buffer.concat([end, Buffer.of(0)]));
  }
  private pieceRange(path: Buffer): [Buffer, Buffer] {
    const id = hash(path);
    return [this.pieceKey(id, 0), this.pieceKey(id, BEGUN)];
  }
  private pieceKey(id: Uint8Array, piece: number): Buffer {
    return Buffer.concat([this.numbered(KIND.PIECE, 0).subarray(0, 5), id, this.numbered(0, piece).subarray(5)]);
  }

  claimKey = (identity: Buffer): Buffer => Buffer.concat([prefix(this.state.number), Buffer.of(KIND.CLAIM), identity]);
  claimKeys = (): [Buffer, Buffer] => this.range(KIND.CLAIM);
  linkKey = (number: number): Buffer => this.numbered(KIND.LINK, number);
  linkKeys = (): [Buffer, Buffer] => this.range(KIND.LINK);
  failureKey = (digest: Uint8Array): Buffer =>
    Buffer.concat([prefix(this.state.number), Buffer.of(KIND.FAILURE), digest]);
  failureKeys = (): [Buffer, Buffer] => this.range(KIND.FAILURE);

  private numbered(kind: number, number: number): Buffer {
    const out = Buffer.alloc(6);
    out.writeUIntBE(number, 0, 6);
    return Buffer.concat([prefix(this.state.number), Buffer.of(kind), out]);
  }
  private range(kind: number): [Buffer, Buffer] {
    return [
      Buffer.concat([prefix(this.state.number), Buffer.of(kind)]),
      Buffer.concat([prefix(this.state.number), Buffer.of(kind + 1)]),
    ];
  }
}

function prefix(number: number): Buffer {
  const out = Buffer.alloc(4);
  out.writeUInt32BE(number, 0);
  return out;
}
