import { isRejected, Line, meaningOf } from './line';
import type { Lag } from './lag';
import type { Thing } from './protocol';
import { questionOf, readAnswer } from './question';
import { Tally } from './tally';

/** A question that has no answer yet. */
interface Look {
  line: Line;
  /** On a connection of its own, made for it. */
  fresh: boolean;
  sinceMs: number;
  /** Since when its present deadline runs. */
  countedMs: number;
  overdue: boolean;
  timer?: NodeJS.Timeout;
}

export interface SentryHooks {
  seen(changed: boolean): void;
  /** Its password does not fit. */
  rejected(): void;
}

/** The next question after a refusal comes this soon: what refuses twice within ms is gone, and need not be waited for. */
const againMs = 10;
/** A connection on which nothing is said is replaced after this time, doubled each time up to the most: a hung server collects them. */
const renewMs = { least: 1_000, most: 5_000 };
/** So many new connections in a row may be closed under the question before that means something. */
const mostCuts = 3;
/** By how much this process may be late and still call something else late, ms. */
const lateMs = 25;

/**
 * Watches one thing: asks over a connection that is kept, which is also its canary: when it closes, the next question is
 * asked at once. A question that missed its deadline is still listened to while another is asked over a new connection; so
 * there are two connections at most, and a slow answer is never taken for silence.
 */
export class Sentry {
  readonly tally: Tally;
  private kept: Line | undefined;
  private looks: Look[] = [];
  private next: NodeJS.Timeout | undefined;
  private renewed = 0;
  private cuts = 0;
  private stopped = false;
  private readonly question: string;

  constructor(
    private readonly thing: Thing,
    observer: string,
    private readonly lag: Lag,
    private readonly hooks: SentryHooks,
  ) {
    this.question = questionOf(thing, observer);
    this.tally = new Tally(thing.probe.misses);
  }

  start(): void {
    this.look();
  }

  stop(): void {
    this.stopped = true;
    clearTimeout(this.next);
    for (const look of [...this.looks]) this.end(look);
    this.kept?.drop();
  }

  /** Its process has ended, or was started: what the kept connection would say is not to be relied on. */
  lookAnew(): void {
    for (const look of [...this.looks]) this.end(look);
    this.kept?.drop();
    this.kept = undefined;
    this.look();
  }

  /** Asks something else over the connection that is there. */
  async aside(sql: string): Promise<Record<string, unknown>[]> {
    return this.kept ? this.kept.ask(sql) : [];
  }

  private look(): void {
    clearTimeout(this.next);
    if (this.stopped || this.looks.some(({ overdue }) => !overdue)) return;
    const last = this.looks.at(-1);
    if (last?.fresh && last.line.connected && performance.now() - last.sinceMs < this.renewAfterMs())
      return this.count(last);
    while (this.looks.length > 1) this.end(this.looks[0]!);
    const fresh = this.kept === undefined || last !== undefined;
    if (last?.fresh) this.renewed++;
    this.ask(fresh ? new Line(this.thing, (line) => this.closed(line)) : this.kept!, fresh);
  }

  private ask(line: Line, fresh: boolean): void {
    const now = performance.now();
    const look: Look = { line, fresh, sinceMs: now, countedMs: now, overdue: false };
    this.looks.push(look);
    this.count(look);
    const open = () => this.looks.includes(look);
    line.ask(this.question).then(
      ([row]) => open() && this.answered(look, row),
      (error: unknown) => open() && this.failed(look, error),
    );
  }

  /** Lets the deadline of a look run, or run again. What has arrived when it ends is read first. */
  private count(look: Look): void {
    look.overdue = false;
    look.countedMs = performance.now();
    look.timer = setTimeout(
      () => setImmediate(() => this.looks.includes(look) && this.overdue(look)),
      this.thing.probe.deadline,
    );
  }

  private overdue(look: Look): void {
    if (this.lag.worst(performance.now() - look.countedMs) > lateMs) return this.count(look); // we were late, not it
    look.overdue = true;
    const ms = Math.round(performance.now() - look.sinceMs);
    if (look.line.connected) this.missed('silent', `no answer for ${ms} ms`);
    else {
      this.end(look);
      this.missed('unreachable', `no connection within ${ms} ms`);
    }
    this.later(look.sinceMs + this.thing.probe.every - performance.now());
  }

  private answered(look: Look, row?: Record<string, unknown>): void {
    const { deadline, every } = this.thing.probe;
    const now = performance.now();
    const tookMs = Math.round((now - look.sinceMs) * 10) / 10;
    const late = tookMs - this.lag.worst(tookMs) > deadline;
    for (const other of this.looks.filter((each) => each !== look)) this.end(other);
    if (this.kept !== look.line) this.kept?.drop();
    this.kept = look.line;
    clearTimeout(look.timer);
    this.looks = [];
    this.renewed = 0;
    this.cuts = 0;
    this.hooks.seen(this.tally.answered({ says: late ? 'late' : 'answers', tookMs, ...readAnswer(this.thing, row) }));
    this.later(look.sinceMs + every - now);
  }

  private failed(look: Look, error: unknown): void {
    const { every } = this.thing.probe;
    const { says, why } = meaningOf(error, this.cuts >= mostCuts);
    this.end(look);
    if (isRejected(error)) this.hooks.rejected();
    if (says === 'cut') {
      // Whether it lives, a new connection tells; one that closes those too, without a word, serves nobody.
      if (!look.fresh || this.cuts++ < mostCuts) return look.fresh ? this.later(againMs) : this.look();
      this.missed('silent', `it closed the connection: ${why}`);
    } else if (says === 'failing') {
      this.hooks.seen(this.tally.answered({ says, why }));
      return this.later(every * 4); // it has enough to do
    } else this.missed(says, why);
    this.later(says === 'refused' && !this.tally.isSilent ? againMs : every);
  }

  private closed(line: Line): void {
    if (this.kept === line) this.kept = undefined;
    if (!this.looks.some((look) => look.line === line)) this.look(); // else its look fails, and tells why
  }

  private missed(says: 'silent' | 'refused' | 'unreachable', why: string): void {
    this.hooks.seen(this.tally.missed(says, why));
  }

  private end(look: Look): void {
    clearTimeout(look.timer);
    this.looks = this.looks.filter((each) => each !== look);
    if (this.kept === look.line) this.kept = undefined;
    look.line.drop();
  }

  private later(ms: number): void {
    clearTimeout(this.next);
    if (!this.stopped) this.next = setTimeout(() => this.look(), Math.max(0, ms));
  }

  private renewAfterMs(): number {
    return Math.min(renewMs.least * 2 ** this.renewed, renewMs.most);
  }
}
