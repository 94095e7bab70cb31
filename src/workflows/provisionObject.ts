import type { ObjectFacts } from '../activities/load';
import { Refusal } from '../contract/errors';
import type { Input, Output, Report } from '../contract/runbooks';
import { changes, objectEssence, objectSentences, planObject, type ObjectPlan } from '../planning/provisioning/plan';
import { lookAhead, takeObject } from './forecasting/lookAhead';
import { say } from './forecasting/say';
import { quick } from './kit/proxies';
import { Runbook } from './kit/runbook';

const speech = { sentences: objectSentences, essence: objectEssence };

/** The size of an object follows the load that is forecast for it, as far as its fleet file allows: said, asked for, or done. */
export async function provisionObject(input: Input<'provisionObject'>): Promise<Report<Output<'provisionObject'>>> {
  const { object, dryRun, approval } = input;
  const book = new Runbook(`Provision ${object} for its load`, input, { runbook: 'provision-object', target: object });
  return book.run(async () => {
    const facts = await takeObject(book, object, dryRun);
    book.check(() => mayResize(facts));
    let findings = await lookAhead(book, facts, true);
    let plan = book.decide(() => planObject(findings), speech);
    if (facts.autonomy === 'forecast' || !changes(plan)) return say(book, facts, plan, findings.nowMs, false);
    const asked = facts.autonomy === 'ask' || approval === 'ask';
    plan =
      (await book.approve(`the new size of ${object}`, asked, async () => {
        findings = await lookAhead(book, facts, true, ' again');
        return book.decide(() => planObject(findings), speech);
      })) ?? plan;
    await resize(book, facts, plan);
    return say(book, facts, plan, findings.nowMs, true);
  });
}

function mayResize({ name, by }: ObjectFacts): void {
  if (by === undefined)
    throw new Refusal('NotPermitted', { what: `a resize of ${name}`, why: 'the fleet file does not say how' });
}

/** The agent looks at what is, does the least, and looks again; undone, the object has the size that it had. */
async function resize(
  book: Runbook,
  { host }: ObjectFacts,
  { object, size, unit, decision }: ObjectPlan,
): Promise<void> {
  if (!decision) return;
  const lease = book.leaseOf(object);
  const to = (wanted: number, because: string) => quick.resizeObject({ host, object, size: wanted, lease, because });
  await book.step(
    `Resize ${object} to ${decision.desired} ${unit}`,
    () => to(decision.desired, decision.reason),
    size === null || size === undefined ? undefined : () => to(size, 'the resize was undone'),
  );
}
