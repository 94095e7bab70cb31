import type { FailoverReport, RejoinReport } from '../contract/failoverReports';
import type { Clients } from '../laboratory/clients/clients';
import type { ClientLog } from '../laboratory/clients/log';
import { endpointOfLab } from '../laboratory/failoverFleet';
import { byEndpoint, byMember } from '../laboratory/failoverWrites';
import { judge } from '../laboratory/history';
import type { DemoGround } from './demoGround';
import { perSecond } from './demoGround';
import { printFailover } from './failoverReport';
import { paintFor, printLine } from './print';
import { factLines } from './report';
import { whoTypes } from './session';
import type { WritesTable } from './writesTable';

const beforeMs = 3_000;
const afterMs = 3_000;
/** A person who had been waiting for it would need this long. */
const personMs = 3_000;

/** Act 2: the primary is killed while clients write. True when nothing acknowledged is lost, nobody hangs, and another one serves. */
export async function primaryAct(ground: DemoGround, guarded: boolean): Promise<boolean> {
  const { site, say } = ground;
  say(
    `\n${guarded ? 'Act 2: a cluster' : 'A cluster'} behind one endpoint. Its primary is killed${guarded ? '' : ', and nobody guards it'}.`,
  );
  const clients = ground.clients(guarded ? byEndpoint(site) : byMember(site, 'p1'));
  const table = ground.table(clients);
  if (!(await ground.writing(clients))) return false;
  await ground.wait(beforeMs);
  if (ground.interrupted()) return false;
  const victim = (await site.primary()) ?? 'p1';
  const faultMs = site.faults.killDatabase(victim);
  table.above(`✂ kill -9 of ${victim}: its postmaster and all that belongs to it`);
  const report = await (guarded ? failedOver(ground, table, faultMs) : startedByHand(ground, victim, table));
  await ground.writing(clients, perSecond / 2);
  await ground.wait(report ? 0 : afterMs);
  const sound = await judged(ground, clients, { victim, faultMs, report });
  if (!guarded || ground.interrupted()) return sound;
  const rejoined = await rejoin(ground, victim);
  return sound && rejoined && report !== undefined && report.primary !== victim;
}

/** The sentences of the run, as its steps end; and what it found. */
async function failedOver(
  ground: DemoGround,
  table: WritesTable,
  faultMs: number,
): Promise<FailoverReport | undefined> {
  const run = await ground.runSince('fail-over-endpoint', endpointOfLab, faultMs);
  const ended = run && (await ground.tell(run, faultMs, (line) => table.above(line)));
  if (ended?.failure) table.above(`✘ ${ended.failure.message}`);
  return ended?.report?.result as FailoverReport | undefined;
}

async function startedByHand(ground: DemoGround, victim: string, table: WritesTable): Promise<undefined> {
  await ground.wait(personMs);
  await ground.site.database(victim).start();
  table.above(`✚ a person has started ${victim} again`);
}

/** What clients were told is held against what is there. */
async function judged(
  ground: DemoGround,
  clients: Clients,
  { victim, faultMs, report }: { victim: string; faultMs: number; report: FailoverReport | undefined },
): Promise<boolean> {
  const log: ClientLog = await clients.stop();
  const primary = await ground.site.primary();
  const present = primary === undefined ? new Map<string, number>() : await ground.present(primary, log);
  const verdict = judge({ logs: [log], present, faultMs, ...promotionOf(report) });
  printFailover({ verdict, log, faultMs, victim, names: ground.names, ...(report && { report }) });
  return verdict.sound && verdict.gap.over && verdict.hung.length === 0;
}

/** When the new one was promoted, as the run says it. */
function promotionOf(report: FailoverReport | undefined): { promotedMs?: number } {
  const promoted = report?.phases.find(({ what }) => what === 'promoted');
  return promoted && report?.sinceMs !== undefined ? { promotedMs: report.sinceMs + promoted.afterMs } : {};
}

/** The old primary becomes a standby of the new one. */
async function rejoin(ground: DemoGround, member: string): Promise<boolean> {
  const { operator, say } = ground;
  say(`\nThe old primary rejoins: evenkeel run rejoin-standby --endpoint ${endpointOfLab} --member ${member}`);
  const beganMs = Date.now();
  const { id } = await operator.start('rejoin-standby', { endpoint: endpointOfLab, member }, whoTypes());
  const ended = await ground.tell(await operator.show(id), beganMs, printLine);
  const report = ended?.report?.result as RejoinReport | undefined;
  const paint = paintFor(process.stdout);
  if (report) for (const line of factLines(report)) printLine(line);
  else
    printLine(
      `${paint.red('✘')} ${ended?.failure?.message ?? `${member} did not rejoin: ${ended?.phase ?? 'no answer'}`}`,
    );
  return report !== undefined;
}
