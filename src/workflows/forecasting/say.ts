import type { ObjectFacts } from '../../activities/load';
import type { Output } from '../../contract/runbooks';
import { peakOf, type ObjectPlan } from '../../planning/provisioning/plan';
import { quick } from '../kit/proxies';
import type { Runbook } from '../kit/runbook';

/** Keeps what was forecast and decided, for those who look and for the next run, and reports it. */
export async function say(
  book: Runbook,
  facts: ObjectFacts,
  plan: ObjectPlan,
  nowMs: number,
  done: boolean,
): Promise<Output<'provisionObject'>> {
  const { object, forecast, near, promised, decision, size } = plan;
  const now = done ? decision?.desired : size;
  const outlook = {
    atMs: nowMs,
    forecast,
    ...(near && { near }),
    ...(decision && { decision: { ...decision, done } }),
    ...(now !== undefined && { size: now }),
    ...('capacity' in facts.carries && { capacity: facts.carries.capacity }),
  };
  await book.step(`Publish what is forecast of ${object}`, () =>
    quick.publishOutlook({ host: facts.host, object, outlook, lease: book.leaseOf(object) }),
  );
  const { value, atMs } = peakOf(forecast);
  return {
    object,
    model: forecast.model,
    why: forecast.why,
    ...(forecast.caution !== undefined && { caution: forecast.caution }),
    ...(forecast.ratio !== undefined && { errorBesideYesterday: Number(forecast.ratio.toPrecision(3)) }),
    peak: value,
    peakAt: new Date(atMs).toISOString(),
    ...(promised && { promised }),
    ...(size !== undefined && { size: now ?? null, was: size }),
    ...(decision && { desired: decision.desired, rule: decision.rule, reason: decision.reason, resized: done }),
  };
}
