import type { Input, Output, Report } from '../contract/runbooks';
import { planSwitchOver, switchOverEssence, switchOverSentences } from '../planning/failover/switchOver';
import { cautious } from './failover/cautious';
import { SwitchOver } from './failover/switchOver';
import { lookAgain, takeEndpoint } from './failover/takeEndpoint';
import { Runbook } from './kit/runbook';

const speech = { sentences: switchOverSentences, essence: switchOverEssence };

/** The primary is to change while everything is well: hold the clients, stop it cleanly, promote who has everything. */
export async function switchOverEndpoint(
  input: Input<'switchOverEndpoint'>,
): Promise<Report<Output<'switchOverEndpoint'>>> {
  const { endpoint, to, dryRun, approval, pauseSeconds } = input;
  const book = new Runbook(`Switch ${endpoint} over`, input, { runbook: 'switch-over-endpoint', target: endpoint });
  return book.run(async () => {
    let survey = await takeEndpoint(book, endpoint, { dryRun });
    let plan = book.decide(() => planSwitchOver(survey.facts, to), cautious(survey, speech));
    plan =
      (await book.approve(`the switch-over of ${endpoint}`, approval === 'ask', async () => {
        survey = await lookAgain(book, endpoint, { haste: 'none' });
        return book.decide(() => planSwitchOver(survey.facts, to), cautious(survey, speech));
      })) ?? plan;
    const switchOver = new SwitchOver(book, survey.facts.terms, plan);
    await switchOver.checkpoint();
    await switchOver.hold(pauseSeconds * 1_000);
    await switchOver.close();
    await switchOver.demote();
    await switchOver.promote();
    await switchOver.open();
    await switchOver.settle();
    return switchOver.report();
  });
}
