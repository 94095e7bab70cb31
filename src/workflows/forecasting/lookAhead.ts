import type { ObjectFacts } from '../../activities/load';
import type { Outlook } from '../../contract/outlook';
import { mayAct } from '../../planning/rails';
import type { ObjectFindings } from '../../planning/provisioning/plan';
import { historyMs, inUnits, nearReachOf, reachOf, rememberedSteps } from '../../planning/provisioning/terms';
import { quick } from '../kit/proxies';
import type { Runbook } from '../kit/runbook';

const dayMs = 86_400_000;
/** What the policy looks back on. */
const rememberedMs = 2.5 * dayMs;

/** What the fleet file says of an object, and the object itself under lease. Refuses what may not be touched now. */
export async function takeObject(book: Runbook, object: string, dryRun: boolean): Promise<ObjectFacts> {
  const { facts, fleet } = await book.look(`Look up ${object} in the fleet`, async () => ({
    facts: await quick.describeObject({ object }),
    fleet: await quick.lookAtFleet({ targets: [object] }),
  }));
  book.check(() => mayAct(fleet.rails, fleet.hosts, [facts.host]));
  if (!dryRun) await book.lease([object], fleet.epoch);
  return facts;
}

/** Reads the load of an object and what was said before, and forecasts. `sized`: its size is looked at too. */
export async function lookAhead(
  book: Runbook,
  facts: ObjectFacts,
  sized: boolean,
  again = '',
): Promise<ObjectFindings> {
  const { name: object, host, stepMs } = facts;
  const nowMs = Math.floor(Date.now() / stepMs) * stepMs;
  const span = { fromMs: nowMs - historyMs(facts), toMs: nowMs, stepMs };
  const { series, before, size } = await book.look(`Read the load of ${object} on ${host}${again}`, async () => {
    const [load, outlooks, present] = await Promise.all([
      quick.readSeries({ host, object, ...span }),
      quick.recallOutlooks({ host, object, sinceMs: nowMs - rememberedMs, steps: rememberedSteps(facts) }),
      sized ? quick.readSize({ host, object }) : undefined,
    ]);
    return { series: load, before: outlooks, size: present };
  });
  const values = inUnits(series.values, { ...facts, startMs: series.startMs }, sizesOf(before), size?.size ?? null);
  const measured = { ...series, values };
  const [forecast, near] = await book.look(`Forecast the load of ${object}${again}`, () =>
    quick.forecastLoad({ series: measured, steps: [reachOf(facts), ...(sized ? [nearReachOf(facts)] : [])] }),
  );
  return { terms: facts, nowMs, series: measured, forecast, near, before, ...(size && { size }) };
}

const sizesOf = (outlooks: readonly Outlook[]): { atMs: number; size: number }[] =>
  outlooks.flatMap(({ atMs, size }) => (size === undefined || size === null ? [] : [{ atMs, size }]));
