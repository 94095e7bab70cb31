/** One record of the WAL as pg_waldump prints it. */
export interface WalRecord {
  kind: string;
  length: number;
  xid: number;
  lsn: string;
  says: string;
}

const form =
  /^rmgr: (\S+)\s+len \(rec\/tot\):\s*\d+\/\s*(\d+), tx:\s*(\d+), lsn: ([0-9A-F]+\/[0-9A-F]+), prev \S+, desc: (.*)$/;

/** Undefined for a line that is no record. */
export function parseRecord(line: string): WalRecord | undefined {
  const match = form.exec(line);
  if (!match) return undefined;
  const [, kind = '', length, xid, lsn = '', says = ''] = match;
  return { kind, length: Number(length), xid: Number(xid), lsn, says };
}

/**
 * Counts the commits of applications. Not theirs: a transaction that wrote nothing but the canary's message, and one of
 * autovacuum that wrote nothing but statistics. What had not even reached the WAL (synchronous_commit off) nobody can count.
 */
export class Commits {
  private readonly wrote = new Map<number, 'ours' | 'theirs'>();
  count = 0;
  /** Of the first hundred. */
  readonly xids: number[] = [];

  /** `counts` is false for what lies before the fork: it only tells what a transaction wrote that was committed behind it. */
  take({ kind, xid, says }: WalRecord, counts: boolean): void {
    if (kind === 'Transaction') return this.end(xid, says, counts);
    if (xid === 0) return;
    const by = isOurs(kind, says) ? 'ours' : isWrite(kind, says) ? 'theirs' : undefined;
    if (by !== undefined && this.wrote.get(xid) !== 'theirs') this.wrote.set(xid, by);
  }

  private end(xid: number, says: string, counts: boolean): void {
    const [, what, prepared] = /^(COMMIT|ABORT)(?:_PREPARED)?(?: (\d+): )?/.exec(says) ?? [];
    if (what === undefined) return;
    const ended = prepared === undefined ? xid : Number(prepared);
    const by = this.wrote.get(ended);
    this.wrote.delete(ended);
    if (!counts || what === 'ABORT') return;
    if (by === 'ours' && !says.includes('subxacts:')) return;
    this.count++;
    if (this.xids.length < 100) this.xids.push(ended);
  }
}

/** pg_statistic, pg_statistic_ext_data and their TOAST tables, as long as nobody rewrote them. */
const statistics = new Set(['2619', '2840', '3429', '3430']);

function isOurs(kind: string, says: string): boolean {
  if (kind === 'LogicalMessage') return says.includes('prefix "evenkeel"');
  const tables = [...says.matchAll(/rel \d+\/\d+\/(\d+)/g)].map(([, table]) => table ?? '');
  return kind === 'Heap' && tables.length > 0 && tables.every((table) => statistics.has(table));
}

/** What a transaction wrote for itself: neither what cleans up on the way, nor changes in place that no commit makes. */
function isWrite(kind: string, says: string): boolean {
  switch (kind) {
    case 'Heap':
      return !says.startsWith('INPLACE');
    case 'Heap2':
      return says.startsWith('MULTI_INSERT');
    case 'LogicalMessage':
    case 'Sequence':
    case 'Storage':
    case 'Database':
    case 'Tablespace':
    case 'RelMap':
    case 'Generic':
    case 'MultiXact':
      return true;
    default:
      return false;
  }
}
