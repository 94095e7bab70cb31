import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { Input, Output, Report } from '../contract/runbooks';
import { concernOf, heldBackBy, pairSentences, planPairGuard, type NodeState } from '../planning/failover/pairGuard';
import { cautious } from './failover/cautious';
import { failOverProxy } from './failOverProxy';
import { attendance, begins, runBeside } from './kit/besides';
import { swift, waiting } from './kit/proxies';
import { Runbook } from './kit/runbook';

/** What a guard carries over when it continues as new. */
interface Past {
  failovers: number;
  /** The number of the last deed that was heard of each host. */
  heard: Record<string, number>;
  /** By node: the trouble that was seen to, or that was said. It is not seen to again before it has changed. */
  seen: Record<string, string>;
}

const mostTurns = 50;

/** Two agents redirect by themselves within a fraction of a second; this run hears of it, verifies, mends and brings back. */
export async function guardProxies(
  input: Input<'guardProxies'>,
  now: Past = { failovers: 0, heard: {}, seen: {} },
): Promise<Report<Output<'guardProxies'>>> {
  const { pair, wellSeconds } = input;
  const book = new Runbook(`Guard the proxies of ${pair}`, input, { runbook: 'guard-proxies', target: pair });
  return book.run(async () => {
    for (let turn = 0; turn < mostTurns && !workflowInfo().continueAsNewSuggested; turn++) {
      await book.pauses.over();
      const survey = await book.look(`Look at both proxies of ${pair}`, () =>
        swift.surveyPair({ pair, begins: begins() && turn === 0 }),
      );
      const { facts } = survey;
      const plan = book.decide(() => planPairGuard(facts), cautious(survey, { sentences: pairSentences }));
      let saw = 0;
      for (const state of plan.nodes) {
        const why = concernOf(state);
        const trouble = why && troubleOf(state);
        if (now.seen[state.node] === trouble) continue;
        if (trouble) now.seen[state.node] = trouble;
        else delete now.seen[state.node];
        if (!why) continue;
        saw++;
        const done = await seeTo(book, { pair, node: state.node, wellSeconds }, why, heldBackBy(plan));
        if (done && state.at !== 'nobody') now.failovers++;
      }
      if (saw > 0) continue; // what was seen to is looked at again before anybody listens
      const known = plan.nodes.filter(({ at }) => at === 'nobody').map(({ node }) => node);
      const heard = await book.step(`Listen to the agents of ${plan.nodes.map(({ node }) => node).join(' and ')}`, () =>
        book.pauses.between(() => waiting.awaitDeeds({ terms: facts.terms, after: now.heard, known })),
      );
      for (const { host, deeds } of heard) {
        for (const { number, failed } of deeds) {
          now.heard[host] = Math.max(now.heard[host] ?? 0, number);
          delete now.seen[failed];
        }
      }
    }
    return continueAsNew<typeof guardProxies>(input, now);
  });
}

const troubleOf = ({ at, proxy, epoch }: NodeState): string => `${at} under ${epoch}, ${proxy}`;

async function seeTo(
  book: Runbook,
  wish: { pair: string; node: string; wellSeconds: number },
  why: string,
  heldBack: string | undefined,
): Promise<boolean> {
  const { pair, node } = wish;
  const title = heldBack ? `Say what would be done about ${node}, since ${heldBack}: ${why}` : `See to ${node}: ${why}`;
  const dryRun = heldBack !== undefined;
  const done = await book.attempt(title, () =>
    runBeside({ runbook: 'fail-over-proxy', target: pair, title }, failOverProxy, {
      ...{ ...attendance, ...wish, dryRun, failBack: 'go', force: false },
    }),
  );
  return done !== undefined && !dryRun;
}
