import type { Input, Output, Report } from '../contract/runbooks';
import { objectEssence, objectSentences, planObject } from '../planning/provisioning/plan';
import { lookAhead, takeObject } from './forecasting/lookAhead';
import { say } from './forecasting/say';
import { Runbook } from './kit/runbook';

/** The load of an object is forecast, with its evidence, for people and for Prometheus. Nothing is resized. */
export async function forecastObject(input: Input<'forecastObject'>): Promise<Report<Output<'forecastObject'>>> {
  const { object, dryRun } = input;
  const book = new Runbook(`Forecast the load of ${object}`, input, { runbook: 'forecast-object', target: object });
  return book.run(async () => {
    const facts = await takeObject(book, object, dryRun);
    const findings = await lookAhead(book, facts, false);
    const plan = book.decide(() => planObject(findings), { sentences: objectSentences, essence: objectEssence });
    return say(book, facts, plan, findings.nowMs, false);
  });
}
