/** A directory below the store that has changed, and when, by the journal's clock; no path when it is elsewhere. */
export interface Changed {
  path: Buffer | undefined;
  at: number;
}

/** Those that changed after one moment, up to another. */
type Tell = (after: number, upTo: number) => Iterable<Changed | 'unknown'>;

/**
 * What has changed in a store until one moment, item by item. Each directory is looked up once, however many items ask:
 * a pass costs what changed, and not that times the items.
 */
export class Changes {
  readonly takenAt = performance.now();
  private readonly items = new Map<string, { path: Buffer; at: number }[]>();
  /** What changed after this is in `items`. */
  private known: number;
  private unknown = false;

  constructor(
    /** The moment, by the journal's clock: what changes later is after it. */
    readonly until: number,
    /** What changed before that may have been missed. */
    private readonly gapAt: number,
    private readonly tell: Tell,
  ) {
    this.known = until;
  }

  /** The directories of an item that have changed since then, as paths from the store's root; undefined when that is not known. */
  since(moment: number | undefined, item: Buffer): Buffer[] | undefined {
    if (moment === undefined || moment <= this.gapAt) return undefined;
    if (moment < this.known) this.lookBack(moment);
    if (this.unknown) return undefined;
    const changed = this.items.get(item.toString('latin1')) ?? [];
    return changed.filter(({ at }) => at > moment).map(({ path }) => path);
  }

  private lookBack(moment: number): void {
    for (const found of this.tell(moment, this.known)) {
      if (found === 'unknown') this.unknown = true;
      else if (found.path !== undefined) this.keep(found.path, found.at);
    }
    this.known = moment;
  }

  private keep(path: Buffer, at: number): void {
    const end = path.indexOf(0x2f);
    const item = path.toString('latin1', 0, end < 0 ? path.length : end);
    const changed = this.items.get(item);
    if (changed === undefined) this.items.set(item, [{ path, at }]);
    else changed.push({ path, at });
  }
}
