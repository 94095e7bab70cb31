import { connectOperator, type Operator } from '../../src/api/operator';
import type { RunView } from '../../src/api/views';
import type { Output } from '../../src/contract/runbooks';
import type { Clients } from '../../src/laboratory/clients/clients';
import type { ClientLog } from '../../src/laboratory/clients/log';
import { Endings } from '../../src/laboratory/endings';
import { pairOfLab as pair, proxyAddress } from '../../src/laboratory/failoverFleet';
import type { FailoverOptions } from '../../src/laboratory/failoverOptions';
import { FailoverSite } from '../../src/laboratory/failoverSite';
import { byProxy, startWrites } from '../../src/laboratory/failoverWrites';
import { judge, type Verdict } from '../../src/laboratory/history';
import { eventually } from '../setup/eventually';
import { sentences } from '../setup/laboratory';
import { needs } from '../setup/needs';

export const [guardRun, proxyRun] = [`guard-proxies/${pair}`, `fail-over-proxy/${pair}`];
type ProxyReport = Output<'failOverProxy'>;

interface Told {
  run: RunView;
  report: ProxyReport;
  verdict: Verdict;
  others: Verdict;
}

/** Two nodes with a proxy each, in front of one database; a guard; and clients of both. */
export class PairScene {
  private constructor(
    readonly site: FailoverSite,
    readonly operator: Operator,
    private readonly endings: Endings,
  ) {}

  /** Opens a scene for a story, and cleans up after it however it ends. */
  static async play(options: FailoverOptions, story: (scene: PairScene) => Promise<void>): Promise<void> {
    const endings = new Endings();
    try {
      const site = await FailoverSite.open(endings, { fsync: false, endpoint: false, ownTemporal: true, ...options });
      const operator = await connectOperator({ waitMs: 10_000 });
      endings.add(() => operator.close());
      const scene = new PairScene(site, operator, endings);
      try {
        await story(scene);
      } catch (error) {
        console.error(await scene.whatWasDone());
        throw error;
      }
    } finally {
      await endings.close();
    }
  }

  /** Starts the guard, which brings both proxies up. */
  async guard(): Promise<RunView> {
    await this.operator.start('guard-proxies', { pair, wellSeconds: 1 }, 'ann');
    return this.until(guardRun, (guard) => guard.steps.at(-1)!.what.startsWith('Listen'));
  }

  until(id: string, ready: (run: RunView) => boolean, timeoutMs = 40_000): Promise<RunView> {
    return eventually(
      async () => {
        const view = await this.operator.show(id);
        if (ready(view)) return view;
        throw new Error(`${view.phase}: ${this.told(view).join('\n')} ${view.failure?.message ?? ''}`);
      },
      { timeoutMs, everyMs: 100 },
    );
  }

  /** The run that sees to a proxy, begun after a fault. */
  seenTo(faultMs: number, ready = (run: RunView) => run.endedAt !== undefined): Promise<RunView> {
    return this.until(proxyRun, (run) => Date.parse(run.startedAt) >= faultMs && ready(run));
  }

  /** Sentences of a run, with the same addresses and times in each laboratory. */
  told(run: RunView): string[] {
    return sentences(run).map((line) => this.plain(line));
  }

  plain(text: string): string {
    return text.replaceAll(`${this.site.network.subnet}.`, '10.0.0.').replaceAll(/\d+(\.\d+)? m?s\b/g, 'N ms');
  }

  address(node: string): string {
    return proxyAddress(this.site.network, node);
  }

  /** Which nodes have the address of a node. */
  async holders(node: string): Promise<string[]> {
    const asked = ['n1', 'n2'].map(async (at) => ((await this.holds(at, node)) ? [at] : []));
    return (await Promise.all(asked)).flat();
  }

  /** Whether a host has the address of a node. */
  async holds(at: string, node: string): Promise<boolean> {
    const { holders } = await this.site.agent(at).traffic.holders({ pair });
    return holders.some((one) => one.node === node && one.held);
  }

  /** Clients that write through the address that moves with a node, or through the node's own. */
  async clients(node: string, which: 'moving' | 'own' = 'moving'): Promise<Clients> {
    const clients = startWrites(this.endings, this.site, byProxy(this.site, node, which), {
      perSecond: 100,
      queryTimeoutMs: 1_000,
    });
    await eventually(() => (clients.counters?.acknowledged ?? 0) > 50);
    return clients;
  }

  /** That they have answers again. */
  async answers(clients: Clients): Promise<void> {
    const then = clients.counters!.acknowledged;
    await eventually(() => clients.counters!.acknowledged > then + 50);
  }

  /** What the clients of the node that failed were told, and those of the other one. */
  async judge(faultMs: number, mine: ClientLog, theirs: ClientLog): Promise<{ verdict: Verdict; others: Verdict }> {
    const present = await this.site.database('p1').contents();
    const of = ({ attempts }: ClientLog) =>
      new Map([...present].filter(([id]) => attempts.some((one) => one.id === id)));
    const [verdict, others] = [mine, theirs].map((log) => judge({ logs: [log], present: of(log), faultMs }));
    return { verdict: verdict!, others: others! };
  }

  /** Breaks the proxy of n1 under load of both, waits until its clients are back at it, and judges what they all were told. */
  async breaks(fault: () => number | Promise<number>, mend?: () => Promise<number>): Promise<Told> {
    const [mine, theirs] = [await this.clients('n1'), await this.clients('n2', 'own')];
    const faultMs = await fault();
    await this.answers(mine);
    await mend?.();
    const run = await this.seenTo(faultMs);
    await this.answers(mine);
    expect(await this.holders('n1')).toEqual(['n1']);
    const { verdict, others } = await this.judge(faultMs, await mine.stop(), await theirs.stop());
    const report = run.report?.result as ProxyReport;
    if (process.env['EVENKEEL_FIGURES'])
      console.log(
        JSON.stringify({
          gapMs: verdict.gap.lengthMs,
          otherMs: others.gap.lengthMs,
          unknown: verdict.unknown,
          local: report.local,
        }),
      );
    return { run, report, verdict, others };
  }

  /** For a story that fails: the deeds of both agents, what each sees now, and the last run. */
  private async whatWasDone(): Promise<string> {
    const asked = ['n1', 'n2'].map(async (node) => {
      const { watch } = this.site.agent(node);
      try {
        const [{ deeds }, { sights }] = await Promise.all([
          watch.deeds({ target: pair, after: 0, waitMs: 0 }),
          watch.look({ target: pair, after: -1, waitMs: 0 }),
        ]);
        return [node, ...deeds, sights].map((one) => JSON.stringify(one)).join('\n');
      } catch (error) {
        return `${node} does not tell: ${String(error)}`;
      }
    });
    const run = this.operator.show(proxyRun).then(
      (view) => [view.phase, ...sentences(view), view.failure?.message ?? ''].join('\n'),
      (error: unknown) => String(error),
    );
    return (await Promise.all([...asked, run])).join('\n');
  }

  /** As a person would: the proxies run, and each has its address. */
  async bringUp(): Promise<void> {
    for (const node of ['n1', 'n2']) {
      const { traffic } = this.site.agent(node);
      await traffic.startProxy({ pair, deadlineMs: 5_000 });
      await traffic.take({ pair, node, from: 0, lease: { target: `${pair}/${node}`, epoch: 1 } });
    }
  }
}

const linux = needs('root', 'netns', 'ip', 'nft', 'postgres', 'pgbouncer');

/** A story on a site of its own, which is gone when it ends, however it ends. */
export const pairStory = (name: string, options: FailoverOptions, tale: (scene: PairScene) => Promise<void>): void =>
  linux(name, () => PairScene.play(options, tale), 120_000);
