import type { Survey } from '../activities/endpoints';
import type { Input, Output, Report } from '../contract/runbooks';
import { adoptedSentences, deedToAdopt, planAdopted, type Done } from '../planning/failover/adopted';
import { failoverEssence, failoverSentences, planFailover } from '../planning/failover/plan';
import { cautious } from './failover/cautious';
import { Failover } from './failover/failover';
import { lookAgain, takeEndpoint } from './failover/takeEndpoint';
import { codeOf } from './kit/render';
import { Runbook } from './kit/runbook';

const speech = { sentences: failoverSentences, essence: failoverEssence };

/** The primary behind an endpoint is gone. Close, fence, promote, open; free who still waits for it; tell what was lost. */
export async function failOverEndpoint(input: Input<'failOverEndpoint'>): Promise<Report<Output<'failOverEndpoint'>>> {
  const { endpoint, dryRun, approval, force, to, lookOnSeconds } = input;
  const book = new Runbook(`Fail ${endpoint} over`, input, { runbook: 'fail-over-endpoint', target: endpoint });
  return book.run(async () => {
    let survey = await takeEndpoint(book, endpoint, { dryRun, haste: 'most' });
    const deed = force || to !== '' ? undefined : deedToAdopt(survey.facts);
    if (deed) return adopt(book, survey, deed);
    let plan = book.decide(() => planFailover(survey.facts, { force, to }), cautious(survey, speech));
    const asked = approval === 'ask' || plan.asks.length > 0 || survey.facts.terms.autonomy !== 'act';
    plan =
      (await book.approve(`the failover of ${endpoint}`, asked && !byHand(input), async () => {
        survey = await lookAgain(book, endpoint, { haste: 'most' });
        return book.decide(() => planFailover(survey.facts, { force, to }), cautious(survey, speech));
      })) ?? plan;
    const failover = new Failover(book, survey, plan);
    try {
      await failover.close();
    } catch (error) {
      // Somebody changed the routes since the look: the agents, while this run could not go on.
      if (codeOf(error) !== 'EpochMoved') throw error;
      survey = await lookAgain(book, endpoint, { haste: 'most' });
      const late = deedToAdopt(survey.facts);
      if (!late) throw error;
      return adopt(book, survey, late);
    }
    await failover.promote();
    await failover.open();
    await failover.settle();
    await failover.lookBack(lookOnSeconds * 1_000);
    return failover.report();
  });
}

/** The agents failed it over by themselves while Temporal was down: what they could not do is done now. */
async function adopt(book: Runbook, survey: Survey, deed: Done): Promise<Output<'failOverEndpoint'>> {
  const sentences = () => adoptedSentences(deed);
  const plan = book.decide(() => planAdopted(survey.facts, deed), cautious(survey, { sentences }));
  const failover = new Failover(book, survey, plan);
  failover.adopt(deed);
  await failover.verify();
  await failover.settle();
  return failover.report();
}

/** Whoever forces it has said yes already. */
const byHand = ({ force, approval }: Input<'failOverEndpoint'>): boolean => force && approval === 'none';
