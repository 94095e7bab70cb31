import { setTimeout as wait } from 'node:timers/promises';
import { Refusal } from '../../contract/errors';
import type { Lease } from '../../contract/operations';

export const writingKey = (root: string, item: string): string => `${root}\0${item}`;

/** What a guest wants to write, and by what right. */
export interface Claim {
  /** The store's root and the item. */
  key: string;
  /** All lanes of one job's turn at an item are of one session. */
  session: string;
  /** Which of the session's connections it is. */
  lane: number;
  lease: Lease;
}

interface Writing {
  session: string;
  epoch: number;
  /** Guest → lane. */
  guests: Map<number, number>;
}

export interface WritersOptions {
  host: string;
  /** Resolves when the agent lets work go on under that lease; it is under way until `release` is called. */
  hold(lease: Lease): Promise<{ release(): void }>;
  /** Asks a guest to end; it says `left` when it writes no more. */
  end(guest: number): void;
  patienceMs: number;
}

/**
 * Who writes each item now: a newer session ends the older one, and a newer connection of a lane the one that it replaces, so
 * that what lies in a dead connection is never carried out behind the back of the living one. A lower epoch is refused.
 */
export class Writers {
  private readonly items = new Map<string, Writing>();
  private readonly places = new Map<number, string>();
  private readonly leases = new Map<number, { lease: Lease; held: Promise<{ release(): void }> }>();
  private readonly leaving = new Map<number, (() => void)[]>();

  constructor(private readonly options: WritersOptions) {}

  async enter(guest: number, { key, session, lane, lease }: Claim): Promise<void> {
    await this.holdFor(guest, lease);
    const { host, patienceMs } = this.options;
    for (;;) {
      const before = this.items.get(key);
      if (before !== undefined && lease.epoch < before.epoch)
        throw new Refusal('StaleEpoch', { target: lease.target, known: before.epoch, host, given: lease.epoch });
      const older = [...(before?.guests ?? [])].filter(([, other]) => before?.session !== session || other === lane);
      if (older.length === 0) {
        const guests = before?.session === session ? before.guests : new Map<number, number>();
        this.items.set(key, { session, epoch: lease.epoch, guests: guests.set(guest, lane) });
        this.places.set(guest, key);
        return;
      }
      const others = older.map(([other]) => this.ended(other));
      const late = wait(patienceMs, 'late' as const, { ref: false });
      if ((await Promise.race([Promise.all(others), late])) === 'late')
        throw new Refusal('StillStopping', { what: 'an older connection that writes the same item', host });
    }
  }

  left(guest: number): void {
    const key = this.places.get(guest);
    if (key !== undefined) this.items.get(key)?.guests.delete(guest);
    this.places.delete(guest);
    for (const tell of this.leaving.get(guest) ?? []) tell();
    this.leaving.delete(guest);
  }

  /** The connection is gone, and what it held. */
  gone(guest: number): void {
    this.left(guest);
    this.letGo(guest);
  }

  /** Under whose lease a guest writes; undefined before it has said so. */
  targetOf(guest: number): string | undefined {
    return this.leases.get(guest)?.lease.target;
  }

  /** A newer run has the lease: everybody who writes under this one ends. */
  endAll(lease: Lease): void {
    for (const [guest, { lease: held }] of this.leases) if (isSame(held, lease)) this.options.end(guest);
  }

  private ended(guest: number): Promise<void> {
    return new Promise((resolve) => {
      this.leaving.set(guest, [...(this.leaving.get(guest) ?? []), resolve]);
      this.options.end(guest);
    });
  }

  /** One connection carries many items under one lease: it is asked for once. */
  private async holdFor(guest: number, lease: Lease): Promise<void> {
    const before = this.leases.get(guest);
    if (before !== undefined && isSame(before.lease, lease)) return void (await before.held);
    this.letGo(guest);
    const held = this.options.hold(lease);
    this.leases.set(guest, { lease, held });
    await held;
  }
  private letGo(guest: number): void {
    const held = this.leases.get(guest)?.held;
    this.leases.delete(guest);
    held?.then(
      (hold) => hold.release(),
      () => undefined, // it never had it
    );
  }
}

const isSame = (a: Lease, b: Lease): boolean => a.target === b.target && a.epoch === b.epoch;
