import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import { formatDuration } from '../contract/amounts';
import type { Input, Output, Report } from '../contract/runbooks';
import { guardSentences, planGuard, type GuardPlan } from '../planning/failover/guard';
import type { EndpointTerms } from '../planning/failover/facts';
import { opinionOf, type Judgement } from '../planning/failover/verdict';
import { failOverEndpoint } from './failOverEndpoint';
import { attendance, runBeside } from './kit/besides';
import { swift, waiting } from './kit/proxies';
import { Runbook } from './kit/runbook';
import { replaceForwarder } from './replaceForwarder';

/** What a guard carries over when it continues as new. Times in ms since the epoch of Unix. */
interface Past {
  failovers: number;
  lastAt: number;
}

/** How many times it may look around before its history begins anew. */
const mostTurns = 30;
/** A failover that was refused, or that waits for somebody, and a forwarder that was silent are thought of again after this, ms. */
const againMs = 30_000;
const spellMs = 3_600_000;

/** Months of watching: the agents look ten times a second; this run hears of it when their opinion changes, and acts. */
export async function guardEndpoint(
  input: Input<'guardEndpoint'>,
  past: Past = { failovers: 0, lastAt: 0 },
): Promise<Report<Output<'guardEndpoint'>>> {
  const { endpoint } = input;
  const book = new Runbook(`Guard ${endpoint}`, input, { runbook: 'guard-endpoint', target: endpoint });
  return book.run(async () => {
    let known = '';
    for (let turn = 0; turn < mostTurns && !workflowInfo().continueAsNewSuggested; turn++) {
      await book.whileNotPaused();
      const { facts } = await book.look(`Look at ${endpoint}, its members, forwarders and observers`, () =>
        swift.surveyEndpoint({ endpoint, hasty: false }),
      );
      const plan = book.decide(() => planGuard(facts), { sentences: guardSentences });
      for (const forwarder of plan.idle) await openOn(book, endpoint, forwarder);
      const judgement =
        opinionOf(plan.judgement) === known || !plan.judgement.majority
          ? await watch(book, facts.terms, plan, opinionOf(plan.judgement))
          : plan.judgement;
      known = opinionOf(judgement);
      if (judgement.majority && (await failOver(book, facts.terms, judgement, past))) {
        past = { failovers: past.failovers + 1, lastAt: Date.now() };
        known = '';
      }
    }
    return continueAsNew<typeof guardEndpoint>(input, past);
  });
}

/** A pause ends the watch, and with it what this guard would do. */
function watch(book: Runbook, terms: EndpointTerms, { primary, silent }: GuardPlan, known: string): Promise<Judgement> {
  const soon = known.startsWith('gone') || silent.length > 0;
  return book.step(`Watch ${primary}, primary of ${terms.endpoint}: ${known}`, () =>
    book.unlessPaused(() => waiting.watchEndpoint({ terms, primary, known, spellMs: soon ? againMs : spellMs })),
  );
}

/** A forwarder that forwards nothing yet: a new one, or one that was made anew. */
async function openOn(book: Runbook, endpoint: string, forwarder: string): Promise<void> {
  await book.attempt(`Let ${forwarder} forward ${endpoint}`, () =>
    runBeside(
      { runbook: 'replace-forwarder', target: endpoint, title: `Let ${forwarder} forward ${endpoint}` },
      replaceForwarder,
      { ...attendance, endpoint, gone: '', by: forwarder },
    ),
  );
}

/** True when it was failed over. What it does by itself stands in the fleet file; within the cool-down it asks. */
async function failOver(
  book: Runbook,
  { endpoint, autonomy, coolDown, maintenance }: EndpointTerms,
  { sentence }: Judgement,
  { lastAt }: Past,
): Promise<boolean> {
  const target = { runbook: 'fail-over-endpoint', target: endpoint, title: `Fail ${endpoint} over: ${sentence}` };
  const wish = { ...attendance, endpoint, to: '', force: false, lookOnSeconds: 3 };
  if (autonomy === 'observe' || maintenance !== false) {
    const why = maintenance === false ? 'it only observes' : `it is in maintenance: ${maintenance}`;
    await book.attempt(`Say what would be done about ${endpoint}, since ${why}`, () =>
      runBeside(target, failOverEndpoint, { ...wish, dryRun: true }),
    );
    return false;
  }
  const ago = Date.now() - lastAt;
  const cooling = ago < coolDown ? `, and ask first: it failed over ${formatDuration(ago)} ago` : '';
  const done = await book.attempt(`Fail ${endpoint} over${cooling}: ${sentence}`, () =>
    runBeside(target, failOverEndpoint, { ...wish, ...(cooling !== '' && { approval: 'ask' as const }) }),
  );
  return done !== undefined;
}
