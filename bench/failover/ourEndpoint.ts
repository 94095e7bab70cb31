import { connectOperator, type Operator } from '../../src/api/operator';
import type { Output } from '../../src/contract/runbooks';
import type { Endings } from '../../src/laboratory/endings';
import { endpointOfLab as endpoint } from '../../src/laboratory/failoverFleet';
import { FailoverSite } from '../../src/laboratory/failoverSite';
import { byEndpoint, startWrites } from '../../src/laboratory/failoverWrites';
import { resolved } from '../../src/laboratory/nameServer';
import { until } from '../../src/laboratory/until';
import { breakPrimary } from './endpointFaults';
import { ended, runToEnd } from './runs';
import { Standing, type Side } from './side';
import { tryOut, type Trial } from './trial';

/** Longer than any failover of ours may take: then it has failed. */
const windowMs = 30_000;

const guardedWithin = { timeoutMs: 60_000, everyMs: 100 };

export interface OurEndpoint {
  site: FailoverSite;
  operator: Operator;
}

/** A guarded endpoint with one synchronous standby; primary and standby change places with each repetition. */
export function ourEndpoint(endings: Endings, hungMs: number, say: (line: string) => void): Side {
  const standing = new Standing(endings, openOurEndpoint, say);
  return {
    name: 'ours',
    run: async (fault) => {
      const { trial } = await standing.use((ours, part) => fail(part, ours, fault, hungMs), bringBack);
      return trial;
    },
    close: () => standing.close(),
  };
}

/** One failover follows the other here: no cool-down. All else is as it is by default. */
async function openOurEndpoint(endings: Endings): Promise<OurEndpoint> {
  return guard(endings, await FailoverSite.open(endings, { proxies: false, endpointEntry: { coolDown: '0s' } }));
}

/** Starts the guard, and waits until it watches. */
export async function guard(endings: Endings, site: FailoverSite): Promise<OurEndpoint> {
  const operator = await connectOperator({ waitMs: 10_000 });
  endings.add(() => operator.close());
  await operator.start('guard-endpoint', { endpoint }, 'bench');
  await guarded({ site, operator }, 'p1');
  return { site, operator };
}

interface Failed {
  trial: Trial;
  was: string;
  report: Output<'failOverEndpoint'>;
}

async function fail(endings: Endings, { site, operator }: OurEndpoint, fault: string, hungMs: number): Promise<Failed> {
  const was = await until('there is a primary', () => site.primary());
  await site.database(was).ask('truncate writes');
  let faultMs = 0;
  const reported = async () => {
    const { report } = await ended(operator, `fail-over-endpoint/${endpoint}`, faultMs);
    return report?.result as Output<'failOverEndpoint'>;
  };
  const trial = await tryOut({
    ...{ endings, windowMs, hungMs },
    start: (part, wish) => startWrites(part, site, byEndpoint(site), wish),
    fault: async () => {
      // The moment before: a run that begins while the fault is still being made was caused by it.
      faultMs = Date.now();
      return breakPrimary(site.network, fault, was);
    },
    present: async () => site.database((await reported()).primary).contents(),
  });
  const report = await reported();
  return { trial: { ...trial, phases: report.phases }, was, report };
}

/** The old primary follows the new one; a forwarder that was cut off is brought back by the guard. */
async function bringBack(ours: OurEndpoint, { was, report }: Failed): Promise<void> {
  const { site, operator } = ours;
  await site.faults.mend();
  await runToEnd(operator, 'rejoin-standby', { endpoint, member: was }, endpoint);
  await guarded(ours, report.primary);
}

/** Its standby is synchronous, both forwarders are in the name, and its guard watches it. */
async function guarded({ site, operator }: OurEndpoint, primary: string): Promise<void> {
  const { databases, network } = site;
  await until(`the standby of ${primary} is synchronous`, async () => {
    const asked = "select count(*)::int as standbys from pg_stat_replication where sync_state in ('sync', 'quorum')";
    const [row] = await site.database(primary).ask(asked);
    return row?.['standbys'] === databases.size - 1;
  });
  await until(
    'both forwarders are in the name',
    async () => (await resolved(network.host('dns').address)).length === 2,
    guardedWithin,
  );
  await until(
    `${primary} is watched`,
    async () => {
      const { steps } = await operator.show(`guard-endpoint/${endpoint}`);
      const last = steps.at(-1);
      return last?.state === 'running' && last.what.startsWith(`Watch ${primary},`);
    },
    guardedWithin,
  );
}
