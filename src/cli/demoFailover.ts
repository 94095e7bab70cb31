import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Operator } from '../api/operator';
import { Endings } from '../laboratory/endings';
import { readyForFailover } from '../laboratory/failoverNeeds';
import { FailoverSite } from '../laboratory/failoverSite';
import { byEndpoint, byMember } from '../laboratory/failoverWrites';
import { statusPage } from '../stack/stackState';
import { DemoGround } from './demoGround';
import { startGuards } from './demoGuards';
import { primaryAct } from './demoPrimary';
import { proxyAct } from './demoProxies';
import { exitCodes } from './exitCodes';
import { breakingWords } from './failoverWords';
import { heedInterrupts } from './heedInterrupts';

type Say = (line: string) => void;

export interface DemoFailoverOptions {
  /** Goes on until Ctrl-C. */
  stay?: boolean;
  /** Nobody fails over: a person starts the primary again. */
  unguarded?: boolean;
}

/** Two acts in one laboratory: a proxy is killed, then the primary behind an endpoint, while clients write. Answers with the exit status. */
export async function demoFailover({ stay = false, unguarded = false }: DemoFailoverOptions): Promise<number> {
  const say: Say = (line) => void process.stderr.write(`${line}\n`);
  readyForFailover(say);
  const interrupted = heedInterrupts();
  const endings = new Endings();
  const folder = mkdtempSync(join(tmpdir(), 'evenkeel-demo-'));
  let status: number = exitCodes.failed.code;
  try {
    say('Starting hosts in network namespaces, PostgreSQL, a name server, agents, Temporal, a worker and the API …');
    // Whoever breaks one thing after the other need not say yes to each.
    const endpointEntry = { coolDown: '5s' };
    const site = await FailoverSite.open(endings, { proxies: !unguarded, folder, say, endpointEntry });
    const { webUi } = site.stack.state;
    say(
      `Status page: ${statusPage(site.stack.state, join(folder, 'state'))}${webUi && `   Temporal Web UI: ${webUi}`}`,
    );
    const operator = await operatorOf(endings);
    const ground = new DemoGround(site, operator, endings, interrupted, say);
    const well = unguarded ? await primaryAct(ground, false) : await guardedActs(ground);
    if (stay) await linger(ground, unguarded);
    status = exitCodes[well ? 'done' : interrupted() ? 'left' : 'failed'].code;
  } finally {
    say('Ending all that was started …');
    await endings.close();
    if (status === exitCodes.failed.code) say(`The logs are below ${folder}.`);
    else rmSync(folder, { recursive: true, force: true });
  }
  return status;
}

async function guardedActs(ground: DemoGround): Promise<boolean> {
  await startGuards(ground);
  const first = await proxyAct(ground);
  return !ground.interrupted() && (await primaryAct(ground, true)) && first;
}

/** Clients write on, and whoever looks on may break things. */
async function linger(ground: DemoGround, unguarded: boolean): Promise<void> {
  const { site, say } = ground;
  const primary = (await site.primary()) ?? 'p1';
  say('\nIt goes on until Ctrl-C. In another terminal you may:');
  for (const line of breakingWords(site, primary)) say(`  ${line}`);
  ground.table(ground.clients(unguarded ? byMember(site, primary) : byEndpoint(site)));
  await ground.wait(Infinity);
}

async function operatorOf(endings: Endings): Promise<Operator> {
  const { connectOperator } = await import('../api/operator.js');
  const operator = await connectOperator({ waitMs: 10_000 });
  endings.add(() => operator.close());
  return operator;
}
