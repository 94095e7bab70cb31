import type { HolderView } from '../../contract/capabilities/traffic';
import type { ProxiesEntry } from '../../contract/endpoints';
import type { Deed } from '../../contract/sights';
import type { Holding } from '../../planning/failover/takeover';
import type { Host } from '../host';
import { said } from '../said';
import { actMs, type Side } from './side';

/** An agent closes a connection on which nothing was asked for 5 s. */
const everyMs = 2_000;
/** What was heard counts for so long: every other answer may fail to come. */
const goodMs = 2 * everyMs;

interface Heard {
  atMs: number;
  holders: HolderView[];
  deeds: Deed[];
}

/** What is needed to move an address. */
export interface Known {
  source: Holding;
  goal: Holding;
  deeds: Deed[];
}

/**
 * Asks both hosts of each pair all the time, so that nobody has to be asked when a proxy fails: who has which address, and
 * what their agents did. It also keeps connections open and drivers ready: clients would otherwise wait for handshakes and for
 * programs that start.
 */
export class Acquaintance {
  private readonly heard = new Map<string, Heard>();
  private timer: NodeJS.Timeout | undefined;

  constructor(private readonly host: Host) {}

  start(): void {
    const { proxies } = this.host;
    if (Object.keys(proxies).length === 0) return;
    const ask = () => Object.entries(proxies).forEach((pair) => this.greet(...pair));
    this.timer = setInterval(ask, everyMs).unref();
    ask();
  }

  stop(): void {
    clearInterval(this.timer);
  }

  /** What both hosts said lately. It may be older than what is so: the kernels compare epochs. */
  of({ pair, node, from, to }: Side): Known | undefined {
    const [source, goal] = [from, to].map(({ host }) => this.heard.get(`${pair}/${host}`));
    const since = performance.now() - goodMs;
    if (!source || !goal || source.atMs < since || goal.atMs < since) return undefined;
    const [here, there] = [source, goal].map(({ holders }) => holders.find((one) => one.node === node));
    return here && there && { source: here, goal: there, deeds: [...source.deeds, ...goal.deeds] };
  }

  /** After something was done, or did not come through. */
  forget(pair: string): void {
    for (const key of this.heard.keys()) if (key.startsWith(`${pair}/`)) this.heard.delete(key);
  }

  private greet(pair: string, { nodes }: ProxiesEntry): void {
    for (const { host } of Object.values(nodes)) {
      const begunMs = performance.now();
      const both = Promise.all([
        this.host.peer(host, 'traffic').holders({ pair }),
        this.host.peer(host, 'watch').deeds({ target: pair, after: 0, waitMs: 0 }),
      ]);
      // Who does not answer is no news: the watcher tells, and the host is asked again when it matters.
      void said(both, actMs).then((answer) => {
        if (!('value' in answer)) return;
        const [{ holders }, { deeds }] = answer.value;
        this.heard.set(`${pair}/${host}`, { atMs: begunMs, holders, deeds });
      });
    }
  }
}
