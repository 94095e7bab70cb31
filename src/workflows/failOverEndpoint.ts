import { patched, sleep } from '@temporalio/workflow';
import type { Survey } from '../activities/endpoints';
import type { Input, Output, Report } from '../contract/runbooks';
import { adoptedSentences, deedToAdopt, planAdopted, type Done } from '../planning/failover/adopted';
import { failedOver } from '../planning/failover/failedOver';
import { failoverEssence, failoverSentences, planFailover } from '../planning/failover/plan';
import { cautious } from './failover/cautious';
import { Failover } from './failover/failover';
import { lookAgain, takeEndpoint } from './failover/takeEndpoint';
import { codeOf } from './kit/render';
import { Runbook } from './kit/runbook';

/** A promotion by the agents takes ten seconds at most, and what comes before and after it a few more. */
const [mostLooks, lookEveryMs] = [10, 2_000];

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
      (await book.approve(
        `the failover of ${endpoint}`,
        asked && !(byHand(input) && plan.candidates[0]!.promoted === undefined),
        async () => {
          survey = await lookAgain(book, endpoint, { haste: 'most' });
          return book.decide(() => planFailover(survey.facts, { force, to }), cautious(survey, speech));
        },
        { mayLapse: true },
      )) ?? plan;
    const failover = new Failover(book, survey, plan);
    try {
      await failover.close();
    } catch (error) {
      // Somebody changed the routes since the look: the agents, while this run could not go on.
      if (codeOf(error) !== 'EpochMoved') throw error;
      const late = await deedUnderWay(book, endpoint);
      if (!late) throw error;
      return adopt(book, late.survey, late.deed);
    }
    await failover.promote();
    await failover.open();
    await failover.settle();
    // Beside what nobody waits for: its guard watches on when this run ends, be a hook slow or not.
    const told = book.announce(failedOver(failover.report()));
    await failover.lookBack(lookOnSeconds * 1_000);
    await told;
    return failover.report();
  });
}

/** Agents that have begun write down what they did when they have ended; nothing when they have not by then. */
async function deedUnderWay(book: Runbook, endpoint: string): Promise<{ survey: Survey; deed: Done } | undefined> {
  for (let looks = 1; ; looks++) {
    const survey = await lookAgain(book, endpoint, { haste: 'most' });
    const deed = deedToAdopt(survey.facts, book.leaseOf(endpoint).epoch);
    if (deed) return { survey, deed };
    if (looks >= mostLooks || !survey.facts.terms.armed || !patched('a-deed-under-way-is-waited-for')) return undefined;
    await sleep(lookEveryMs);
  }
}

/** The agents failed it over by themselves while Temporal was down: what they could not do is done now. */
async function adopt(book: Runbook, survey: Survey, deed: Done): Promise<Output<'failOverEndpoint'>> {
  const sentences = () => adoptedSentences(deed);
  const plan = book.decide(() => planAdopted(survey.facts, deed), cautious(survey, { sentences }));
  const failover = new Failover(book, survey, plan);
  failover.adopt(deed);
  await failover.verify();
  await failover.settle();
  const report = failover.report();
  await book.announce(failedOver(report));
  return report;
}

/** Whoever forces it has said yes already. */
const byHand = ({ force, approval }: Input<'failOverEndpoint'>): boolean => force && approval === 'none';
