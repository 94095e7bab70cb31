import { openSync, writeSync } from 'node:fs';
import type { Line, Outcome, Server } from './log';
import type { Counters } from './protocol';

/** What a client process has tried and what came of it: on the disk line by line, and as sums. */
export class Journal {
  private readonly file: number;
  private written = 0;
  private closed = false;
  private readonly waiting = new Map<string, number>();
  private readonly sums = { acknowledged: 0, failed: 0, unknown: 0, refused: 0, connected: 0 };
  private last: Pick<Counters, 'server' | 'timeline' | 'why'> = {};

  constructor(
    logFile: string,
    private readonly tag: string,
  ) {
    this.file = openSync(logFile, 'a');
  }

  /** Gives the write its id. */
  begin(connection: number): string {
    const id = `${this.tag}-${this.written++}`;
    const atMs = now();
    this.waiting.set(id, atMs);
    this.line(['begin', connection, id, atMs]);
    return id;
  }

  end(id: string, outcome: Outcome, by: Server | null, why: string | null): void {
    this.waiting.delete(id);
    this.sums[outcome]++;
    if (by) this.last = { ...this.last, server: by[0], timeline: by[1] };
    if (why !== null) this.last.why = why;
    this.line(['end', id, now(), outcome, by, why]);
  }

  refused(connection: number, fromMs: number, address: string, why: string): void {
    this.sums.refused++;
    this.last.why = why;
    this.line(['refused', connection, fromMs, now(), address, why]);
  }

  connected(more: 1 | -1): void {
    this.sums.connected += more;
  }

  /** Nothing is written any more: what has no answer by now has none. */
  close(): void {
    this.line(['until', now()]);
    this.closed = true;
  }

  counters(): Counters {
    const atMs = now();
    const oldest = Math.min(atMs, ...this.waiting.values());
    return { atMs, ...this.sums, waiting: this.waiting.size, oldestMs: atMs - oldest, ...this.last };
  }

  private line(line: Line): void {
    if (!this.closed) writeSync(this.file, `${JSON.stringify(line)}\n`);
  }
}

const now = (): number => Math.round((performance.timeOrigin + performance.now()) * 100) / 100;
