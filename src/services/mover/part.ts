import type { Batch, Carried, Waiting } from './batch';
import { join } from './names';
import type { Pass, Place } from './pass';
import { RecordWriter, type Record } from './record';
import type { Stat } from './stat';

/** What an op is to its part: an entry's offset in the new record when it is not negative. */
export const REF = { END: -1, OPEN: -2, REMOVE: -10 } as const;

/**
 * One directory's record on its way: which of its entries were sent, and which of those have arrived.
 * It is stored as far as the receiver has acknowledged it, never further.
 */
export class Part implements Carried, Waiting {
  readonly writer = new RecordWriter();
  private inFlight = 0;
  private closed = false;
  private owed = false;
  private stays: Buffer[] = [];
  changed = false;
  /** The directory's own state, when its END went with this part. */
  ended: Stat | undefined;

  constructor(
    private readonly pass: Pass,
    readonly place: Place,
    readonly old: Record | undefined,
    private readonly level: number,
  ) {}

  /** An op for this part was put into the batch. */
  rides(batch: Batch): void {
    if (!batch.isAwaitedBy(this)) this.inFlight++;
    batch.notify(this, this.writer.length);
    this.changed = true;
  }

  refused(why: string, ref: number): void {
    if (ref === REF.OPEN) return; // each op in it is refused too
    if (ref === REF.END) {
      this.owed = true;
      this.pass.failures.add(this.place.path, 'store', why);
    } else if (ref <= REF.REMOVE && this.old !== undefined) {
      const at = REF.REMOVE - ref;
      this.stays.push(this.old.bytes.subarray(at, this.old.next(at)));
      this.pass.failures.add(join(this.place.path, this.old.name(at)), 'store', why);
    } else {
      this.writer.refused.add(ref);
      this.pass.failures.add(join(this.place.path, this.writer.name(ref)), 'store', why);
    }
  }

  acked(mark: number): void {
    this.inFlight--;
    if (this.closed && this.inFlight === 0) this.store();
    else this.storeUpTo(mark);
  }

  close(): void {
    this.closed = true;
    if (this.changed && this.inFlight === 0) this.store();
  }

  private store(): void {
    const { id, part } = this.place;
    const owed = this.owed || this.ended === undefined;
    const head = { owed, level: this.level, growing: 0, stat: this.ended };
    const bytes = this.writer.build(head, this.writer.length);
    this.pass.catalog.putRecord(
      id,
      this.place.level,
      part,
      this.stays.length === 0 ? bytes : Buffer.concat([bytes, ...this.stays]),
    );
  }

  private storeUpTo(mark: number): void {
    const { id, part, level } = this.place;
    this.pass.catalog.putRecord(
      id,
      level,
      part,
      this.writer.build({ owed: true, level: this.level, growing: 0 }, mark, this.old),
    );
  }
}
