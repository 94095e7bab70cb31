import { continueAsNew, sleep, workflowInfo } from '@temporalio/workflow';
import { formatDuration } from '../contract/amounts';
import type { Watched } from '../activities/watch';
import type { Input, Output, Report } from '../contract/runbooks';
import { adoptedSentence, deedToAdopt, type Done } from '../planning/failover/adopted';
import { guardSentences, hangSentence, planGuard, type GuardPlan } from '../planning/failover/guard';
import { primaryOf, type EndpointTerms } from '../planning/failover/facts';
import { opinionOf } from '../planning/failover/verdict';
import { failOverEndpoint } from './failOverEndpoint';
import { cautious } from './failover/cautious';
import { Arming, type ArmedPast } from './failover/arming';
import { astrayMs, Repairs } from './failover/repairs';
import { attendance, begins, runBeside } from './kit/besides';
import { swift, waiting } from './kit/proxies';
import { Runbook } from './kit/runbook';

/** What a guard carries over when it continues as new. Times in ms since the epoch of Unix. */
interface Past {
  failovers: number;
  lastAt: number;
  arming?: ArmedPast;
  /** The epoch of the last failover that was seen to, whoever made it. */
  seen?: number;
}

/** How many times it may look around before its history begins anew. */
const mostTurns = 30;
/** A failover that was refused, or that waits for somebody, and a forwarder that was silent are thought of again after this, ms. */
const againMs = 30_000;
const restsMs = 3_600_000;

const speech = { sentences: guardSentences };

/** Months of watching: the agents look ten times a second; this run hears of it when their opinion changes, and acts. */
export async function guardEndpoint(
  input: Input<'guardEndpoint'>,
  carried?: Past,
): Promise<Report<Output<'guardEndpoint'>>> {
  const { endpoint } = input;
  const book = new Runbook(`Guard ${endpoint}`, input, { runbook: 'guard-endpoint', target: endpoint });
  let past: Past = carried ?? { failovers: 0, lastAt: 0 };
  const arming = new Arming(book, endpoint, past.arming);
  const repairs = new Repairs(book, endpoint);
  let goesOn = false;
  book.atEnd(async () => goesOn || arming.end());
  return book.run(async () => {
    let known = '';
    let hung = false;
    for (let turn = 0; turn < mostTurns && !workflowInfo().continueAsNewSuggested; turn++) {
      await arming.whilePaused();
      const survey = await book.look(`Look at ${endpoint}, its members, forwarders and observers`, () =>
        swift.surveyEndpoint({ endpoint, haste: 'some', begins: begins() && turn === 0 }),
      );
      const { facts, rails } = survey;
      const { coolDown } = facts.terms;
      // Whoever begins is told that there is none; later it may only be that nobody answers for a while.
      if (primaryOf(facts) === undefined && (carried !== undefined || turn > 0)) {
        await book.step(`Wait, since nobody says who the primary of ${endpoint} is`, () =>
          book.pauses.until(() => sleep(againMs)),
        );
        continue;
      }
      const notBeforeMs = past.lastAt === 0 ? 0 : past.lastAt + coolDown;
      const plan = book.decide(() => planGuard(facts, rails, notBeforeMs), cautious(survey, speech));
      if (!plan.judgement.majority) await repairs.see(plan.astray, facts.terms);
      const deed = deedToAdopt(facts);
      if (deed && isNews(deed, past)) {
        past = await failOver(book, facts.terms, adoptedSentence(deed), past, true);
        if (!isNews(deed, past)) continue;
      }
      if (plan.hangs && !hung) book.announce(hangSentence(plan.primary), 'stalled').catch(() => undefined);
      hung = plan.hangs;
      await arming.see(plan, survey);
      const pending = deed !== undefined && isNews(deed, past);
      const watched =
        opinionOf(plan.judgement) === known || !plan.judgement.majority
          ? await watch(book, facts.terms, plan, arming, past, pending)
          : { judgement: plan.judgement };
      if (!watched) continue;
      const { judgement, changed } = watched;
      if (changed !== undefined) await arming.disarm(changed);
      known = opinionOf(judgement);
      if (judgement.majority) {
        const before = past.failovers;
        past = await failOver(book, facts.terms, judgement.sentence, past);
        if (past.failovers > before) known = '';
      }
    }
    goesOn = true;
    return continueAsNew<typeof guardEndpoint>(input, { ...past, arming: arming.carried });
  });
}

/** A pause ends the watch, and with it what this guard would do. */
async function watch(
  book: Runbook,
  terms: EndpointTerms,
  { primary, beside, hangs, judgement, armed, silent, astray, cautions }: GuardPlan,
  { held, isUnheard }: Arming,
  { lastAt }: Past,
  pending: boolean,
): Promise<Watched | undefined> {
  const known = opinionOf(judgement);
  const notBeforeMs = lastAt === 0 ? 0 : lastAt + terms.coolDown;
  const keeping = { ...(held && { plan: held }), notBeforeMs };
  const soon =
    pending ||
    known.startsWith('gone') ||
    silent.length + beside.length > 0 ||
    isUnheard ||
    ('draft' in armed && !held);
  // What has to be mended may have been: nobody should read of it an hour later.
  const restMs = astray.length + cautions.length > 0 ? astrayMs : restsMs;
  const outcome = await book.step(
    `Watch ${primary}, primary of ${terms.endpoint}: ${known}${hangs ? ', and its commits hang' : ''}`,
    () =>
      book.pauses.until(() =>
        waiting.watchEndpoint({ terms, primary, beside, hangs, known, spellMs: soon ? againMs : restMs, keeping }),
      ),
  );
  return outcome?.value;
}

const isNews = ({ epoch }: Done, { seen = 0 }: Past): boolean => epoch > seen;

/** What it does by itself stands in the fleet file; within the cool-down it asks. What the agents have `made` already is only seen to. */
async function failOver(
  book: Runbook,
  { endpoint, autonomy, coolDown, maintenance }: EndpointTerms,
  sentence: string,
  past: Past,
  made = false,
): Promise<Past> {
  const target = { runbook: 'fail-over-endpoint', target: endpoint, title: `Fail ${endpoint} over: ${sentence}` };
  const wish = { ...attendance, endpoint, to: '', force: false, lookOnSeconds: 3 };
  if (autonomy === 'observe' || maintenance !== false) {
    const why = maintenance === false ? 'it only observes' : `it is in maintenance: ${maintenance}`;
    await book.attempt(`Say what would be done about ${endpoint}, since ${why}`, () =>
      runBeside(target, failOverEndpoint, { ...wish, dryRun: true }),
    );
    return past;
  }
  const ago = Date.now() - past.lastAt;
  const cooling = ago < coolDown && !made ? `, and ask first: it failed over ${formatDuration(ago)} ago` : '';
  const done = await book.attempt(`Fail ${endpoint} over${cooling}: ${sentence}`, () =>
    runBeside(target, failOverEndpoint, { ...wish, ...(cooling !== '' && { approval: 'ask' as const }) }),
  );
  if (!done) return past;
  return { ...past, failovers: past.failovers + 1, lastAt: Date.now(), seen: done.result?.epoch ?? past.seen ?? 0 };
}
