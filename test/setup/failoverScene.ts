import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { connectOperator, type Operator } from '../../src/api/operator';
import type { RunView } from '../../src/api/views';
import type { Output } from '../../src/contract/runbooks';
import { Endings } from '../../src/laboratory/endings';
import type { Clients } from '../../src/laboratory/clients/clients';
import type { ClientLog } from '../../src/laboratory/clients/log';
import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import type { FailoverOptions } from '../../src/laboratory/failoverOptions';
import { FailoverSite } from '../../src/laboratory/failoverSite';
import { byEndpoint, startWrites } from '../../src/laboratory/failoverWrites';
import { judge, type Verdict } from '../../src/laboratory/history';
import { packageRoot } from '../../src/stack/places';
import { eventually } from './eventually';
import { sentences } from './laboratory';
import { needs } from './needs';

/** What every story of an endpoint needs. */
export const failoverNeeds = ['root', 'netns', 'ip', 'nft', 'conntrack', 'postgres', 'pgbouncer', 'knotd'] as const;

/** Whoever heard nothing for so long after a fault hangs, ms. */
export const hungAfterMs = 5_000;

export type FailoverResult = Output<'failOverEndpoint'>;

export interface Load {
  /** Also clients that wait for ever; those through one forwarder, where it is named. */
  patient?: boolean | string;
  /** How long the others wait for an answer. */
  queryTimeoutMs?: number;
  /** Through this forwarder alone; left out, by the DNS name. */
  to?: string;
}

/** A site whose endpoint is guarded, with clients that write through its name, and a Temporal of its own. */
export class FailoverScene {
  private clients: Clients[] = [];
  /** What was said to clients that have ended. */
  readonly logs: ClientLog[] = [];

  private constructor(
    readonly site: FailoverSite,
    readonly operator: Operator,
    readonly endings: Endings,
  ) {}

  static async open(endings: Endings, options: FailoverOptions = {}): Promise<FailoverScene> {
    const site = await FailoverSite.open(endings, { fsync: false, proxies: false, ownTemporal: true, ...options });
    const operator = await connectOperator({ waitMs: 10_000 });
    endings.add(() => operator.close());
    return new FailoverScene(site, operator, endings);
  }

  /** Starts the guard, and waits until every forwarder forwards and the primary is watched. */
  async guard(primary = 'p1'): Promise<void> {
    await this.operator.start('guard-endpoint', { endpoint }, 'ann');
    await this.watched(primary);
  }

  async watched(primary: string): Promise<void> {
    await this.until('guard-endpoint', (guard) => {
      const last = guard.steps.at(-1);
      return last?.state === 'running' && last.what.startsWith(`Watch ${primary}`);
    });
  }

  show(runbook: string): Promise<RunView> {
    return this.operator.show(`${runbook}/${endpoint}`);
  }

  async start(runbook: string, input: Record<string, unknown> = {}): Promise<void> {
    await this.operator.start(runbook, { endpoint, ...input }, 'ann');
  }

  until(runbook: string, ready: (run: RunView) => boolean, timeoutMs?: number): Promise<RunView> {
    return this.untilRun(`${runbook}/${endpoint}`, ready, timeoutMs);
  }

  untilRun(id: string, ready: (run: RunView) => boolean, timeoutMs = 40_000): Promise<RunView> {
    return eventually(
      async () => {
        const view = await this.operator.show(id);
        if (ready(view)) return view;
        throw new Error(`${view.phase}: ${sentences(view).join('\n')} ${view.failure?.message ?? ''}`);
      },
      { timeoutMs, everyMs: 50 },
    );
  }

  ended(runbook: string, timeoutMs = 40_000): Promise<RunView> {
    return this.until(runbook, (run) => run.endedAt !== undefined, timeoutMs);
  }

  /**
   * A hundred writes a second by clients that wait a second for an answer, and a few by clients that wait for ever: those
   * hang unless somebody tells them.
   */
  async writes({ patient = true, to, queryTimeoutMs = 1_000 }: Load = {}): Promise<void> {
    const { endings, site } = this;
    const byName = byEndpoint(site);
    const by = (forwarder?: string) =>
      forwarder === undefined ? byName : { ...byName, to: { address: site.network.host(forwarder).address } };
    this.clients.push(startWrites(endings, site, by(to), { perSecond: 100, queryTimeoutMs }));
    const theirs = by(typeof patient === 'string' ? patient : to);
    if (patient !== false) this.clients.push(startWrites(endings, site, theirs, { perSecond: 20, connections: 4 }));
    await this.goOn(100);
  }

  /** Until so many more writes were acknowledged. */
  async goOn(more: number): Promise<void> {
    const then = this.acknowledged();
    await eventually(() => this.acknowledged() >= then + more, { timeoutMs: 20_000 });
  }

  /** The epoch of each forwarder's route, which lies in its kernel. */
  async epochs(): Promise<Record<string, number>> {
    const routes = ['fa', 'fb'].map(async (host) => {
      const { epoch } = await this.site.agent(host).traffic.routes({ endpoint });
      return [host, epoch] as const;
    });
    return Object.fromEntries(await Promise.all(routes));
  }

  /** Types a command line, as a script would. */
  evenkeel(...words: string[]): Promise<{ status: number; out: string; err: string }> {
    const command = [join(packageRoot, 'bin', 'evenkeel.js'), ...words];
    return new Promise((resolve) => {
      execFile(process.execPath, command, { env: process.env }, (error, out, err) =>
        resolve({ status: error ? Number(error.code) : 0, out, err }),
      );
    });
  }

  acknowledged(): number {
    return this.clients.reduce((sum, { counters }) => sum + (counters?.acknowledged ?? 0), 0);
  }

  /** Lets the clients that write now end, and keeps what they were told; others are started in their place. */
  async rest(): Promise<void> {
    this.logs.push(...(await Promise.all(this.clients.splice(0).map((clients) => clients.stop()))));
  }

  /**
   * Stops the clients when it is known whether one of them hangs, and judges what they were told by what is there.
   */
  async judged(primary: string, faultMs?: number): Promise<Verdict> {
    if (this.clients.length === 0) await this.writes();
    await this.goOn(50);
    const since = faultMs ?? 0;
    await eventually(() => Date.now() > since + hungAfterMs + 500, { timeoutMs: 2 * hungAfterMs });
    await this.rest();
    const { logs } = this;
    const present = await this.site.database(primary).contents();
    return judge({ logs, present, hungAfterMs, ...(faultMs !== undefined && { faultMs }) });
  }

  /** Breaks something under load, waits for the end of the failover, and judges. */
  async breaks(fault: () => number | Promise<number>, load?: Load): Promise<Broken> {
    await this.writes(load);
    const faultMs = await fault();
    const begun = ({ startedAt }: RunView) => Date.parse(startedAt ?? '') > faultMs;
    const run = await this.until('fail-over-endpoint', (view) => view.endedAt !== undefined && begun(view));
    const report = resultOf(run);
    const verdict = await this.judged(report.primary, faultMs);
    tell(run, report, verdict);
    return { run, report, verdict };
  }
}

export interface Broken {
  run: RunView;
  report: FailoverResult;
  verdict: Verdict;
}

/** The result of a failover that went through; otherwise why it did not. */
export function resultOf(run: RunView): FailoverResult {
  if (run.report?.outcome !== 'done')
    throw new Error(
      `the failover did not go through: ${run.failure?.message ?? run.phase}\n${sentences(run).join('\n')}`,
    );
  return run.report.result as FailoverResult;
}

/** The sentences of a run with how each went; the network of the laboratory differs from run to run. */
/** The sentences of a run; that it looked again, since another run had the endpoint before it, is left out. */
export const told = (run: RunView): string[] =>
  sentences(run)
    .map(plain)
    .filter((line, n, all) => !(line === 'done: Look at orders again' && all[n - 1]?.startsWith('done: Take')));

/** Addresses, positions in the WAL, amounts and times differ from run to run. */
export const plain = (text: string): string =>
  text
    .replaceAll(/198\.18\.\d+/g, 'NET')
    .replaceAll(/\b[0-9A-F]+\/[0-9A-F]{4,}\b/g, 'LSN')
    .replaceAll(/\d+(\.\d+)? (B|KiB|MiB)\b/g, 'N bytes')
    .replaceAll(/\d+(\.\d+)? (ms|s)\b/g, 'N s')
    .replaceAll(/\b\d+ requests/g, 'N requests')
    .replaceAll(/\b[23] of 3 observers miss/g, 'N of 3 observers miss');

/** With EVENKEEL_FIGURES=1 a story tells where its time went. */
function tell(run: RunView, report: FailoverResult, verdict: Verdict): void {
  if (process.env['EVENKEEL_FIGURES'] !== '1') return;
  const phases = report.phases.map(({ what, afterMs }) => `${what} ${afterMs}`).join(', ');
  process.stderr.write(
    `${report.verdict}: gap ${verdict.gap.lengthMs.toFixed()} ms, by its report ${report.gapMs} ms; ${phases}\n` +
      `  lossless ${report.lossless}, lost ${report.lost?.commits ?? report.lostUnknown}, freed ${report.unknownOutcomes}\n` +
      verdict.sentences.map((line) => `  ${line}\n`).join('') +
      (run.report?.steps ?? []).map(({ what, tookMs }) => `  ${tookMs} ms ${what}\n`).join(''),
  );
}

/** A story on a site of its own, which is gone when it ends, however it ends. */
export function story(
  name: string,
  options: FailoverOptions,
  tale: (scene: FailoverScene) => Promise<void>,
  timeoutMs = 120_000,
): void {
  needs(...failoverNeeds)(
    name,
    async () => {
      const endings = new Endings();
      try {
        await tale(await FailoverScene.open(endings, options));
      } finally {
        await endings.close();
      }
    },
    timeoutMs,
  );
}
