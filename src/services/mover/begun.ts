import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * Which items of a store a copy of ours has brought: nothing else there is ever overwritten or removed. A mark holds the
 * birth of the item as our last whole pass left it (see `birthOf`), and is empty while we make the item, or make it anew.
 */
export class Begun {
  private readonly folder: string;

  constructor(
    stateDir: string,
    private readonly root: string,
  ) {
    this.folder = join(stateDir, 'begun');
  }
  private file(item: string): string {
    return join(this.folder, createHash('sha256').update(`${this.root}\0${item}`).digest('hex').slice(0, 32));
  }

  /** The birth that its mark tells, empty while it is open; undefined when no copy of ours has begun the item. */
  markOf(item: string): string | undefined {
    try {
      const mark = readFileSync(this.file(item), 'latin1');
      return mark === item ? '' : mark; // an earlier version wrote the item's name
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
  /** Is what is there with that birth ours, and not something that took its place? */
  isOurs(item: string, birth: string): boolean {
    const mark = this.markOf(item);
    return mark !== undefined && (mark === '' || mark === birth);
  }
  mark(item: string, birth: string): void {
    mkdirSync(this.folder, { recursive: true });
    writeFileSync(this.file(item), birth);
  }
  unmark(item: string): void {
    rmSync(this.file(item), { force: true });
  }
}
