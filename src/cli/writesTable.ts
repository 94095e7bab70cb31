import { formatDuration } from '../contract/amounts';
import type { Counters } from '../laboratory/clients/protocol';
import type { Screen } from './live';
import { clipped, paintFor, type Paint } from './print';

const rateOverMs = 1_000;
/** Where nothing can be repainted, a line so often. */
const lineEveryMs = 1_000;
const barWidth = 30;
/** A shorter wait is the pace of the clients. */
const shownFromMs = 150;

/** What clients tell while they write, repainted in place; one line a second where there is no terminal. */
export class WritesTable {
  private readonly paint: Paint;
  private lately: Counters[] = [];
  private lastSuccessMs = 0;
  private mostWaitedMs = 0;
  private painted = 0;
  private lastLineMs = 0;

  constructor(
    private readonly screen: Screen,
    /** Addresses of servers, by which they are named. */
    private readonly names: ReadonlyMap<string, string>,
    private readonly perSecond: number,
  ) {
    this.paint = paintFor(screen);
  }

  take(counters: Counters): void {
    const before = this.lately.at(-1);
    this.lately = [...this.lately.filter(({ atMs }) => atMs > counters.atMs - rateOverMs), counters];
    if (!before || counters.acknowledged > before.acknowledged) this.lastSuccessMs = counters.atMs;
    this.mostWaitedMs = Math.max(this.mostWaitedMs, counters.atMs - this.lastSuccessMs);
    if (this.screen.isTTY) this.repaint();
    else if (counters.atMs - this.lastLineMs >= lineEveryMs) {
      this.lastLineMs = counters.atMs;
      this.screen.write(`${this.sentence(counters)}\n`);
    }
  }

  /** A line that stays, above the table. */
  above(line: string): void {
    this.screen.write(`${this.painted > 0 ? `\x1b[${this.painted}A\r\x1b[J` : ''}${line}\n`);
    this.painted = 0;
    if (this.screen.isTTY) this.repaint();
  }

  private repaint(): void {
    const lines = this.lines();
    const up = this.painted > 0 ? `\x1b[${this.painted}A\r` : '';
    this.screen.write(`${up}${lines.map((line) => `${line}\x1b[K\n`).join('')}`);
    this.painted = lines.length;
  }

  private lines(): string[] {
    const last = this.lately.at(-1);
    if (!last) return [];
    const { bold, dim, green, red, yellow } = this.paint;
    const { columns = 80 } = this.screen;
    const filled = Math.max(0, Math.min(barWidth, Math.round((this.rate() / this.perSecond) * barWidth)));
    const since = last.atMs - this.lastSuccessMs;
    const { acknowledged, unknown, failed, refused, connected } = last;
    const sums = `${String(acknowledged).padStart(6)} acknowledged  ${unknown} unknown  ${failed} failed  ${refused} not connected  ${connected} connected`;
    // A line that wraps would be counted as one, and the next picture would land in the wrong place.
    return [
      `${bold(String(Math.round(this.rate())).padStart(4))} writes/s ${green('█'.repeat(filled))}${dim('·'.repeat(barWidth - filled))} ${clipped(`by ${this.server(last)}`, columns - barWidth - 15)}`,
      clipped(sums, columns),
      since > shownFromMs
        ? red(`no write for ${formatDuration(since)}`)
        : dim(`longest time without a write: ${formatDuration(this.mostWaitedMs)}`),
      yellow(clipped(last.why === undefined ? '' : `last error: ${last.why}`, columns)),
    ];
  }

  private sentence(last: Counters): string {
    return `${Math.round(this.rate())} writes/s by ${this.server(last)}: ${last.acknowledged} acknowledged, ${last.unknown} unknown, ${last.failed} failed, ${last.refused} connections refused`;
  }

  private rate(): number {
    const [first, last] = [this.lately.at(0), this.lately.at(-1)];
    if (!first || !last || last.atMs === first.atMs) return 0;
    return ((last.acknowledged - first.acknowledged) / (last.atMs - first.atMs)) * 1_000;
  }

  private server({ server, timeline }: Counters): string {
    return server === undefined ? 'nobody yet' : `${this.names.get(server) ?? server}, timeline ${timeline ?? '?'}`;
  }
}
