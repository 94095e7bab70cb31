import type { Lag } from './lag';
import { pidIn, postmasterOf } from './pidfd';
import type { Processes } from './processes';
import type { FromWatcher, Thing } from './protocol';
import { Sentry } from './sentry';

/** One thing that is watched: what it answers, and its process where that is on this host. */
export class Post {
  private readonly sentry: Sentry;
  private following = false;
  private wrote: number[] = [];
  private lastWroteMs: number | undefined;

  constructor(
    readonly thing: Thing,
    observer: string,
    lag: Lag,
    private readonly processes: Processes,
    private readonly say: (message: FromWatcher) => void,
  ) {
    const { target, name, own, kind, data } = thing;
    const hooks = {
      seen: (changed: boolean) => {
        this.note();
        this.tell(changed);
        if (own && kind === 'proxy' && !this.following) void this.followProxy();
      },
      rejected: () => say({ rejected: { target, name } }),
    };
    this.sentry = new Sentry(thing, observer, lag, hooks);
    if (own && data !== undefined) this.follow(() => postmasterOf(data));
    this.sentry.start();
  }

  get sight(): Sentry['tally']['sight'] {
    return this.sentry.tally.sight;
  }

  /** The moments of good writes that nobody was told of yet. */
  takeWrote(): number[] {
    const { wrote } = this;
    this.wrote = [];
    return wrote;
  }

  /** A miss leaves the last good answer where it is. */
  private note(): void {
    const atMs = this.sight?.good?.atMs;
    if (atMs !== undefined && atMs !== this.lastWroteMs) this.wrote.push(atMs);
    this.lastWroteMs = atMs;
  }

  private tell(changed: boolean): void {
    const { target, name } = this.thing;
    if (changed && this.sight) this.say({ seen: { target, name }, sight: this.sight });
  }

  private follow(find: () => number | undefined): void {
    const changed = (state: 'runs' | 'gone') => {
      if (!this.sentry.tally.processIs(state)) return;
      this.tell(true);
      if (state === 'gone') this.sentry.lookAnew();
    };
    this.following = true;
    this.processes.follow({ find, changed });
  }

  /** A pgbouncer that keeps its number in a file is followed by it; another one is known by its canary alone. */
  private async followProxy(): Promise<void> {
    this.following = true;
    try {
      const rows = await this.sentry.aside('SHOW CONFIG');
      const file = rows.find(({ key }) => key === 'pidfile')?.['value'];
      if (typeof file === 'string' && file.startsWith('/') && pidIn(file) !== undefined) this.follow(() => pidIn(file));
    } catch {
      this.following = false; // the connection went away under the question: asked again at its next answer
    }
  }
}
