import type { RunView } from '../../src/api/views';
import { connectOperator, type Operator } from '../../src/api/operator';
import type { Output } from '../../src/contract/runbooks';
import { Endings } from '../../src/laboratory/endings';
import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import type { FailoverOptions } from '../../src/laboratory/failoverOptions';
import { FailoverSite } from '../../src/laboratory/failoverSite';
import { byEndpoint, startWrites } from '../../src/laboratory/failoverWrites';
import { judge, type Verdict } from '../../src/laboratory/history';
import { eventually } from '../setup/eventually';
import { sentences } from '../setup/laboratory';
import { needs } from '../setup/needs';

const linux = needs('root', 'netns', 'ip', 'nft', 'conntrack', 'postgres', 'pgbouncer', 'knotd');
const run = 'fail-over-endpoint';

/** A site whose endpoint is guarded, with clients that write through its name. */
class Scene {
  private constructor(
    readonly site: FailoverSite,
    readonly operator: Operator,
    private readonly endings: Endings,
  ) {}

  static async open(endings: Endings, options: FailoverOptions = {}): Promise<Scene> {
    const site = await FailoverSite.open(endings, { fsync: false, proxies: false, ...options });
    const operator = await connectOperator({ waitMs: 10_000 });
    endings.add(() => operator.close());
    return new Scene(site, operator, endings);
  }

  async guard(): Promise<void> {
    await this.operator.start('guard-endpoint', { endpoint }, 'ann');
    await this.until('guard-endpoint', (guard) => sentences(guard).some((line) => line.includes('Watch p1')));
  }

  until(runbook: string, ready: (run: RunView) => boolean, timeoutMs = 40_000): Promise<RunView> {
    return eventually(
      async () => {
        const view = await this.operator.show(`${runbook}/${endpoint}`);
        if (ready(view)) return view;
        throw new Error(`${view.phase}: ${sentences(view).join('\n')} ${view.failure?.message ?? ''}`);
      },
      { timeoutMs, everyMs: 100 },
    );
  }

  /** Breaks something under load, waits for the failover, and judges what the clients were told. */
  async breaks(
    fault: () => number | Promise<number>,
  ): Promise<{ run: RunView; report: Output<'failOverEndpoint'>; verdict: Verdict }> {
    const clients = startWrites(this.endings, this.site, byEndpoint(this.site), {
      perSecond: 100,
      queryTimeoutMs: 1_000,
    });
    await eventually(async () => (clients.counters?.acknowledged ?? 0) > 100, { timeoutMs: 20_000 });
    const faultMs = await fault();
    const ended = await this.until(run, (view) => view.endedAt !== undefined);
    const then = clients.counters!.acknowledged;
    await eventually(async () => clients.counters!.acknowledged > then + 50, { timeoutMs: 20_000 });
    const log = await clients.stop();
    const report = ended.report?.result as Output<'failOverEndpoint'>;
    const present = await this.site.database(report?.primary ?? 'p2').contents();
    return { run: ended, report, verdict: judge({ logs: [log], present, faultMs }) };
  }
}

linux(
  'clients write again after the primary was killed, and nothing that they were told is lost',
  async () => {
    const endings = new Endings();
    try {
      const scene = await Scene.open(endings);
      await scene.guard();
      const { run: view, report, verdict } = await scene.breaks(() => scene.site.faults.killDatabase('p1'));
      console.log(JSON.stringify(report, undefined, 1), verdict.sentences, sentences(view));
      expect(sentences(view)).toMatchInlineSnapshot(`
       [
         "done: Look at orders, its members, forwarders and observers",
         "done: Take orders, so that no other run touches it",
         "done: Close orders on fb and fa, and fence p1",
         "done: Promote p2 on p2",
         "done: Open orders to p2 under epoch 3",
         "done: Free the clients that still wait for p1",
         "done: Verify by a write through fb and fa",
         "done: Count the commits that only p1 has",
       ]
      `);
      expect(verdict).toMatchObject({ sound: true, lost: [], hung: [] });
    } finally {
      await endings.close();
    }
  },
  120_000,
);
