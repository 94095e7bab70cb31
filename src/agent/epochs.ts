import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { Refusal } from '../contract/errors';
import type { Lease } from '../contract/operations';
import { writeDurably } from './durable';

/** Work that goes on under a lease; `cancel` asks it to end, and a newer epoch waits until it has. */
interface Holder extends Lease {
  cancel(why: Refusal): void;
  ended: Promise<void>;
}

const Remembered = z.record(z.string(), z.number().int());

/**
 * The highest epoch this host has seen for each target. It only grows, and is on disk before anything is done under it:
 * a stale run, a retry or a host that came back can never turn things back.
 */
export class Epochs {
  private readonly holders = new Set<Holder>();
  private writing: Promise<void> = Promise.resolve();

  private constructor(
    private readonly host: string,
    private readonly file: string,
    private readonly seen: Map<string, number>,
    private readonly onDisk: Map<string, number>,
    /** How long a newer epoch waits for older work to end, ms. */
    private readonly patienceMs: number,
  ) {}

  static async open(options: { host: string; stateDir: string; patienceMs?: number }): Promise<Epochs> {
    await mkdir(options.stateDir, { recursive: true, mode: 0o700 });
    const file = join(options.stateDir, 'epochs.json');
    const known = Object.entries(await remembered(file));
    return new Epochs(options.host, file, new Map(known), new Map(known), options.patienceMs ?? 20_000);
  }

  /** Refuses a lease that is older than what this host has seen. */
  check(lease: Lease): void {
    const known = this.seen.get(lease.target) ?? 0;
    if (lease.epoch < known) throw this.stale(lease, known);
  }

  /** Does the work under the lease: the epoch is on disk and older work has ended before it begins. */
  async hold<T>(lease: Lease, cancel: Holder['cancel'], work: () => Promise<T>): Promise<T> {
    this.check(lease);
    let end!: () => void;
    const holder: Holder = { ...lease, cancel, ended: new Promise((resolve) => (end = resolve)) };
    this.holders.add(holder);
    try {
      if (lease.epoch > (this.seen.get(lease.target) ?? 0)) this.seen.set(lease.target, lease.epoch);
      await this.remember(lease);
      await this.outlive(lease);
      this.check(lease);
      return await work();
    } finally {
      this.holders.delete(holder);
      end();
    }
  }

  all(): Record<string, number> {
    return Object.fromEntries(this.seen);
  }

  private async remember({ target, epoch }: Lease): Promise<void> {
    const write = async () => {
      if ((this.onDisk.get(target) ?? 0) >= epoch) return;
      const now = this.all();
      await writeDurably(this.file, JSON.stringify(now));
      for (const [key, value] of Object.entries(now)) this.onDisk.set(key, value);
    };
    const mine = this.writing.then(write);
    this.writing = mine.catch(() => undefined); // whoever asked gets the error; the next one tries again
    await mine;
  }

  private async outlive(lease: Lease): Promise<void> {
    const older = [...this.holders].filter((other) => other.target === lease.target && other.epoch < lease.epoch);
    for (const other of older) other.cancel(this.stale(other, lease.epoch));
    const deadline = AbortSignal.timeout(this.patienceMs);
    const late = new Promise<'late'>((resolve) => deadline.addEventListener('abort', () => resolve('late')));
    const outcome = await Promise.race([Promise.all(older.map((other) => other.ended)), late]);
    if (outcome === 'late')
      throw new Refusal('StillStopping', { what: `work under an older epoch of ${lease.target}`, host: this.host });
  }

  private stale({ target, epoch }: Lease, known: number): Refusal {
    return new Refusal('StaleEpoch', { target, known, given: epoch, host: this.host });
  }
}

async function remembered(file: string): Promise<Record<string, number>> {
  try {
    return Remembered.parse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return {};
    throw error; // without its epochs a host must not act
  }
}
