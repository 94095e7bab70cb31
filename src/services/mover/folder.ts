import { noteClosed } from './closed';
import type { Lane } from './lane';
import { Names } from './dents';
import { REF, type Part } from './part';
import type { Frame, Pass, Place } from './pass';
import { Stat } from './stat';
import { OP } from './wire';

const TURN_MS = 10; // others get a turn after so long

/** What one directory is brought up to date with: its open descriptor, its parts, and what is found below it. */
export class Folder {
  readonly stat = new Stat();
  readonly folders: Frame;
  readonly files: Frame;
  /** Something below it was made in this pass: other lanes wait until the target has it. */
  made = false;
  private turnAt = performance.now();

  constructor(
    readonly pass: Pass,
    readonly lane: Lane,
    readonly fd: number,
    readonly at: Place,
  ) {
    this.folders = this.frame('folders');
    this.files = this.frame('files');
  }
  private frame(kind: Frame['kind']): Frame {
    return { kind, at: this.at, names: new Names(), ids: [], next: 0, lane: this.lane, sequence: 0 };
  }

  /** The batch that ops may go to, with this directory open in it. */
  batch(part: Part) {
    const batch = this.lane.current;
    if (batch.folder !== this) {
      noteClosed(this.pass, this.at.path);
      const op = batch.open(OP.OPEN, this.at.path, 0, this.at.path.length);
      batch.close(op, part, REF.OPEN);
      batch.folder = this;
    }
    return batch;
  }
  /** Makes room: for one op of that size, or for others to run. */
  async breathe(size = 0): Promise<void> {
    if (this.lane.current.isFull || !this.lane.current.fits(size + this.at.path.length + 1024)) await this.lane.flush();
    else if (performance.now() - this.turnAt > TURN_MS) await new Promise((resolve) => setImmediate(resolve));
    else return;
    this.lane.check();
    this.turnAt = performance.now();
    if (this.pass.claims.isLarge) await this.pass.claims.trim();
  }
}
