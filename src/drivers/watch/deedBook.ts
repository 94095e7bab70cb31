import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Deed } from '../../contract/sights';
import { replaceDurably } from '../durable';

/** Enough for whoever comes back after a long time; older ones go. */
const mostKept = 200;

/** What this agent did by itself, a file for each target. A deed is on disk before anybody is told of it. */
export class DeedBook {
  private readonly known = new Map<string, Deed[]>();
  private readonly waiting = new Set<() => void>();
  private closed = false;

  constructor(private readonly stateDir: string) {}

  write(deed: Omit<Deed, 'number'>): Deed {
    const before = this.of(deed.target);
    const written = { ...deed, number: (before.at(-1)?.number ?? 0) + 1 };
    const all = [...before, written].slice(-mostKept);
    replaceDurably(this.file(deed.target), JSON.stringify(all));
    this.known.set(deed.target, all);
    for (const wake of this.waiting) wake();
    return written;
  }

  /** Oldest first, those past `after`; when there are none yet, the answer waits for one. */
  async past(target: string, after: number, waitMs: number): Promise<Deed[]> {
    const endMs = performance.now() + waitMs;
    for (;;) {
      const deeds = this.of(target).filter(({ number }) => number > after);
      const leftMs = endMs - performance.now();
      if (deeds.length > 0 || leftMs <= 0 || this.closed) return deeds;
      await this.next(leftMs);
    }
  }

  /** When a node's address was last moved, ms since the epoch of Unix. */
  movedAt(target: string, node: string): number | undefined {
    return this.of(target).findLast(({ failed, outcome }) => failed === node && outcome === 'done')?.atMs;
  }

  /** When this agent last failed an endpoint over, or tried to, ms since the epoch of Unix. */
  actedAt(target: string): number | undefined {
    return this.of(target).findLast(({ outcome }) => outcome !== 'refused')?.atMs;
  }

  /** Everybody gets an answer. */
  close(): void {
    this.closed = true;
    for (const wake of this.waiting) wake();
  }

  private next(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        this.waiting.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      this.waiting.add(wake);
    });
  }

  private of(target: string): Deed[] {
    const known = this.known.get(target) ?? this.read(target);
    this.known.set(target, known);
    return known;
  }

  private read(target: string): Deed[] {
    try {
      return JSON.parse(readFileSync(this.file(target), 'utf8')) as Deed[];
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error; // without what it did before, an agent must not act
    }
  }

  private file(target: string): string {
    const name = createHash('sha256').update(target).digest('hex').slice(0, 32);
    return join(this.stateDir, 'deeds', `${name}.json`);
  }
}
