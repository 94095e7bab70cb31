import { formatDuration } from '../contract/amounts';
import type { ProxyReport } from '../contract/failoverReports';
import { pairOfLab } from '../laboratory/failoverFleet';
import { byProxy } from '../laboratory/failoverWrites';
import { judge } from '../laboratory/history';
import type { DemoGround } from './demoGround';
import { paintFor, printLine } from './print';

const beforeMs = 2_000;
const afterMs = 1_500;

/** Act 1: the proxy of n1 is killed. Its clients are served by n2 at once, and by n1 again when it is well. True when nobody lost anything. */
export async function proxyAct(ground: DemoGround): Promise<boolean> {
  const { site, say } = ground;
  const paint = paintFor(process.stdout);
  say('\nAct 1: two compute nodes with a proxy each. The proxy of n1 is killed.');
  const mine = ground.clients(byProxy(site, 'n1'));
  const theirs = ground.clients(byProxy(site, 'n2'));
  const table = ground.table(mine);
  if (!((await ground.writing(mine)) && (await ground.writing(theirs)))) return false;
  await ground.wait(beforeMs);
  if (ground.interrupted()) return false;
  const faultMs = site.faults.killProxy('n1');
  table.above('✂ kill -9 of the pgbouncer of n1');
  const run = await ground.runSince('fail-over-proxy', pairOfLab, faultMs);
  const ended = run && (await ground.tell(run, faultMs, (line) => table.above(line)));
  await ground.wait(afterMs);
  const [log, other] = [await mine.stop(), await theirs.stop()];
  const [verdict, others] = await Promise.all(
    [log, other].map(async (each) => judge({ logs: [each], present: await ground.present('p1', each), faultMs })),
  );
  const report = ended?.report?.result as ProxyReport | undefined;
  printLine('');
  for (const { what, afterMs: ms } of report?.local ?? [])
    printLine(`  by the agents: ${what} (${formatDuration(ms)})`);
  const well = verdict!.sound && verdict!.hung.length === 0 && verdict!.gap.over && others!.sound;
  const done = well && report?.failedBack === true;
  const [head = ''] = verdict!.sentences;
  printLine(
    `${done ? paint.green('✔') : paint.red('✘')} Clients of n1 could not write for ${formatDuration(verdict!.gap.lengthMs)}. ${head}`,
  );
  printLine(`  Clients of n2 never waited longer than ${formatDuration(others!.gap.lengthMs)}.`);
  if (!report?.failedBack)
    printLine(
      `  The clients of n1 did not go back to it: ${ended?.failure?.message ?? ended?.phase ?? 'no run saw to it'}`,
    );
  return done;
}
