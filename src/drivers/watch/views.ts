import type { Observation } from '../../contract/sights';
import { beatMs, type Sights } from '../../services/watcher/protocol';

/** What is seen of each target, and who waits for news of it. */
export class Views {
  private readonly targets = new Map<string, { revision: number; sights: Sights; waiting: Set<() => void> }>();
  /** Grows over restarts too, so that nobody waits for a number that a former agent had reached. */
  private last = Date.now();
  private beatAtMs = Date.now();
  private starvedMs = 0;
  private closed = false;

  constructor(
    private readonly observer: { observer: string; zone?: string },
    targets: Iterable<string>,
  ) {
    for (const target of targets) this.targets.set(target, { revision: this.last, sights: {}, waiting: new Set() });
  }

  has(target: string): boolean {
    return this.targets.has(target);
  }

  /** A verdict could rest on it: whoever waits is woken. */
  changed(target: string, name: string, sight: Sights[string]): void {
    const view = this.targets.get(target)!;
    view.sights = { ...view.sights, [name]: sight };
    view.revision = ++this.last;
    for (const wake of view.waiting) wake();
  }

  /** All that is seen, and how late the watcher itself is. */
  beat(sights: Record<string, Sights>, atMs: number, starvedMs: number): void {
    Object.assign(this, { beatAtMs: atMs, starvedMs });
    for (const [target, view] of this.targets) view.sights = sights[target] ?? view.sights;
  }

  /** A watcher that is not heard of sees nothing: how long that is counts as its being late. */
  now(target: string): Observation {
    const { revision, sights } = this.targets.get(target)!;
    const unheardMs = Math.max(0, Date.now() - this.beatAtMs - beatMs);
    const starvedMs = Math.max(this.starvedMs, unheardMs);
    return { ...this.observer, revision, atMs: this.beatAtMs, starvedMs, sights };
  }

  /** As it is when its revision is past `after`, or the time is over. */
  async past(target: string, after: number, waitMs: number): Promise<Observation> {
    const { waiting, revision } = this.targets.get(target)!;
    if (revision <= after && waitMs > 0 && !this.closed)
      await new Promise<void>((resolve) => {
        const wake = () => {
          clearTimeout(timer);
          waiting.delete(wake);
          resolve();
        };
        const timer = setTimeout(wake, waitMs);
        waiting.add(wake);
      });
    return this.now(target);
  }

  /** Everybody gets an answer, from now on at once. */
  close(): void {
    this.closed = true;
    for (const { waiting } of this.targets.values()) for (const wake of waiting) wake();
  }
}
