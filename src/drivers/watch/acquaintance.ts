import type { ProxiesEntry } from '../../contract/endpoints';
import type { Host } from '../host';
import { actMs, said } from './side';

/** An agent closes a connection on which nothing was asked for 5 s. */
const everyMs = 2_000;
/** So many questions are asked of one host at once when a proxy fails. */
const atOnce = 2;

/**
 * Keeps the connections to both hosts of each pair open, and their drivers ready: when a proxy fails, its clients would
 * otherwise wait for handshakes and for programs that start.
 */
export class Acquaintance {
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly host: Host) {}

  start(): void {
    if (Object.keys(this.host.proxies).length > 0) void this.ask();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private async ask(): Promise<void> {
    const timer = (this.timer = setTimeout(() => void this.ask(), everyMs).unref());
    // Who does not answer now is no news: the watcher tells, and its host is asked again when it matters.
    await Promise.all(Object.entries(this.host.proxies).flatMap((pair) => this.greet(...pair)));
    if (this.timer === timer) timer.refresh(); // stopped meanwhile otherwise
  }

  private greet(pair: string, { nodes }: ProxiesEntry): Promise<unknown>[] {
    return Object.values(nodes).flatMap(({ host }) =>
      Array.from({ length: atOnce }, () => said(this.host.peer(host, 'traffic').holders({ pair }), actMs)),
    );
  }
}
