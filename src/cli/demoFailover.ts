import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Clients } from '../laboratory/clients/clients';
import { Endings } from '../laboratory/endings';
import { readyForFailover } from '../laboratory/failoverNeeds';
import { FailoverSite } from '../laboratory/failoverSite';
import { byEndpoint, byMember, startWrites } from '../laboratory/failoverWrites';
import { judge } from '../laboratory/history';
import { statusPage } from '../stack/stackState';
import { startGuards } from './demoGuards';
import { exitCodes } from './exitCodes';
import { printFailover } from './failoverReport';
import { breakingWords } from './failoverWords';
import { heedInterrupts } from './heedInterrupts';
import { WritesTable } from './writesTable';

type Say = (line: string) => void;

export interface DemoFailoverOptions {
  /** Goes on until Ctrl-C. */
  stay?: boolean;
  /** Nobody fails over: a person starts the primary again. */
  unguarded?: boolean;
}

const perSecond = 100;
/** A client gives up a write that has no answer by then. */
const queryTimeoutMs = 1_000;
const beforeMs = 3_000;
const afterMs = 3_000;
/** A person who had been waiting for it would need this long. */
const personMs = 3_000;
const patienceMs = 60_000;

/** A cluster behind one endpoint whose primary is killed while clients write. Answers with the exit status. */
export async function demoFailover({ stay = false, unguarded = false }: DemoFailoverOptions): Promise<number> {
  const say: Say = (line) => void process.stderr.write(`${line}\n`);
  readyForFailover(say);
  const interrupted = heedInterrupts();
  const endings = new Endings();
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-demo-'));
  let status: number = exitCodes.failed.code;
  try {
    say('Starting hosts in network namespaces, PostgreSQL, a name server, agents, Temporal, a worker and the API …');
    const site = await FailoverSite.open(endings, { proxies: false, folder, say });
    const { webUi } = site.stack.state;
    say(
      `Status page: ${statusPage(site.stack.state, join(folder, 'state'))}${webUi && `   Temporal Web UI: ${webUi}`}`,
    );
    const demo = new Demo(site, endings, interrupted, !unguarded && (await startGuards(endings, say)));
    status = await demo.perform();
    if (stay) await demo.linger(say);
  } finally {
    say('Ending all that was started …');
    await endings.close();
    if (status === exitCodes.failed.code) say(`The logs are below ${folder}.`);
    else rmSync(folder, { recursive: true, force: true });
  }
  return status;
}

class Demo {
  private readonly names: Map<string, string>;

  constructor(
    private readonly site: FailoverSite,
    private readonly endings: Endings,
    private readonly interrupted: () => boolean,
    private readonly guarded: boolean,
  ) {
    this.names = new Map([...site.databases.values()].map(({ address, member }) => [address, member]));
  }

  /** Clients write, the primary is killed, and clients write again. */
  async perform(): Promise<number> {
    const { site } = this;
    const { clients, table } = this.write('p1');
    await this.until(() => written(clients) > 0);
    await this.wait(beforeMs);
    if (this.interrupted()) return exitCodes.left.code;
    const victim = (await site.primary()) ?? 'p1';
    const faultMs = site.faults.killDatabase(victim);
    table.above(`✂ kill -9 of ${victim}: its postmaster and all that belongs to it`);
    if (!this.guarded) await this.startByHand(victim, table);
    const then = written(clients);
    await this.until(() => written(clients) > then + perSecond / 2);
    await this.wait(afterMs);
    const log = await clients.stop();
    const primary = await site.primary();
    const present = primary === undefined ? new Map<string, number>() : await site.database(primary).contents();
    const verdict = judge({ logs: [log], present, faultMs });
    printFailover({ verdict, log, faultMs, victim, names: this.names });
    if (this.interrupted()) return exitCodes.left.code;
    return verdict.sound && verdict.gap.over ? exitCodes.done.code : exitCodes.failed.code;
  }

  /** Clients write on, and whoever looks on may break things. */
  async linger(say: Say): Promise<void> {
    const primary = (await this.site.primary()) ?? 'p1';
    say('\nIt goes on until Ctrl-C. In another terminal you may:');
    for (const line of breakingWords(this.site, primary)) say(`  ${line}`);
    this.write(primary);
    await this.wait(Infinity);
  }

  private write(primary: string): { clients: Clients; table: WritesTable } {
    const way = this.guarded ? byEndpoint(this.site) : byMember(this.site, primary);
    const clients = startWrites(this.endings, this.site, way, { perSecond, queryTimeoutMs });
    const table = new WritesTable(process.stdout, this.names, perSecond);
    clients.listen((counters) => table.take(counters));
    return { clients, table };
  }

  private async startByHand(victim: string, table: WritesTable): Promise<void> {
    await this.wait(personMs);
    await this.site.database(victim).start();
    table.above(`✚ a person has started ${victim} again`);
  }

  private wait(forMs: number): Promise<void> {
    return this.until(() => false, forMs);
  }

  /** Waits for something, for a time, or for Ctrl-C. */
  private async until(look: () => boolean, withinMs = patienceMs): Promise<void> {
    for (const deadline = Date.now() + withinMs; Date.now() < deadline && !this.interrupted() && !look();)
      await pause(50);
  }
}

const written = (clients: Clients): number => clients.counters?.acknowledged ?? 0;
