import type { SentCounts } from '../../planning/ingestion/sent';
import type { ItemCatalog } from './catalog';
import type { Claims } from './claims';
import type { Failures } from './failures';
import type { Filter } from './filters';
import type { Lane } from './lane';
import type { LinkList } from './linkList';
import type { Names } from './dents';

/** One pass over one item: what its parts share. */
export interface Pass {
  /** Descriptor of the source's store. */
  root: number;
  item: Buffer;
  catalog: ItemCatalog;
  claims: Claims;
  links: LinkList;
  failures: Failures;
  filter: Filter | undefined;
  counts: SentCounts;
  work: Work;
  paranoid: boolean;
  /** The target may hold entries that the catalog does not know. */
  reconcile: boolean;
  /** The receiver runs as root. */
  privileged: boolean;
  /** Directories whose own mode would have closed them while they were filled; they get it at the end. */
  late: Set<string>;
  /** Directories that were checked for that. */
  passed: Set<string>;
  /** Only what the journal names is looked at: known directories are not entered from their parents. */
  journaled: boolean;
  /** Those that the journal names, by their ids. */
  named: Set<number>;
  /** Something is to be sent again though nothing failed. */
  unsettled: boolean;
  /** A directory stands where another one was. */
  replaced: boolean;
}

/** Where an entry's place in the catalog is. */
export interface Place {
  /** From the store's root. */
  path: Buffer;
  id: number;
  level: number;
  part: number;
}

/** Things below one directory that are still to be done: its sub-directories, or its long files. One object for all, so the stack stays small. */
export interface Frame {
  kind: 'folders' | 'files';
  at: Place;
  names: Names;
  /** Ids of the sub-directories. */
  ids: number[];
  /** Parts of the long files. */
  next: number;
  /** Other lanes may begin when this one has been told that the directory is there. */
  lane: Lane;
  sequence: number;
}

export type Task = { frame: Frame; index: number };

/** What is still to be done, deepest first. Lanes share it. */
export class Work {
  private frames: Frame[] = [];
  private active = 0;
  private sleepers: (() => void)[] = [];

  push(frame: Frame): void {
    if (frame.names.count === 0) return;
    this.frames.push(frame);
    this.wake();
  }
  wake(): void {
    for (const go of this.sleepers.splice(0)) go();
  }
  /** Runs all of it on these lanes. */
  async run(lanes: Lane[], one: (lane: Lane, task: Task) => Promise<void>): Promise<void> {
    const results = await Promise.allSettled(lanes.map((lane) => this.runLane(lane, one)));
    const failed = results.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }
  private async runLane(lane: Lane, one: (lane: Lane, task: Task) => Promise<void>): Promise<void> {
    for (;;) {
      const task = this.take(lane);
      if (task !== undefined) {
        this.active++;
        try {
          await one(lane, task);
        } catch (error) {
          lane.fail(error as Error);
          throw error;
        } finally {
          this.active--;
          this.wake();
        }
      } else if (this.active === 0 && this.frames.length === 0) {
        return;
      } else {
        await lane.flush(); // others may wait for what we hold
        lane.check();
        await this.sleep(lane);
      }
    }
  }
  private sleep(lane: Lane): Promise<void> {
    if (this.active === 0) return lane.drain();
    return new Promise((resolve) => this.sleepers.push(resolve));
  }
  private take(lane: Lane): Task | undefined {
    for (let i = this.frames.length - 1; i >= 0; i--) {
      const frame = this.frames[i] as Frame;
      if (frame.lane !== lane && frame.lane.acked < frame.sequence) continue;
      const index = frame.next++;
      if (frame.next >= frame.names.count) this.frames.splice(i, 1);
      return { frame, index };
    }
    return undefined;
  }
}
