import { continueAsNew, workflowInfo } from '@temporalio/workflow';
import type { Input, Output, Report } from '../contract/runbooks';
import type { Deed } from '../contract/sights';
import { planPairGuard, pairSentences } from '../planning/failover/pairGuard';
import { failOverProxy } from './failOverProxy';
import { attendance, runBeside } from './kit/besides';
import { swift, waiting } from './kit/proxies';
import { Runbook } from './kit/runbook';

/** What a guard carries over when it continues as new. */
interface Past {
  failovers: number;
  /** The number of the last deed that was heard of each host. */
  heard: Record<string, number>;
  /** By node: the epoch of the last takeover that was seen to. */
  seen: Record<string, number>;
}

const mostTurns = 50;

/** Two agents redirect by themselves within a fraction of a second; this run hears of it, verifies, mends and brings back. */
export async function guardProxies(input: Input<'guardProxies'>, past?: Past): Promise<Report<Output<'guardProxies'>>> {
  const { pair } = input;
  const book = new Runbook(`Guard the proxies of ${pair}`, input, { runbook: 'guard-proxies', target: pair });
  return book.run(async () => {
    const { facts } = await book.look(`Look at both proxies of ${pair}`, () => swift.surveyPair({ pair }));
    const plan = book.decide(() => planPairGuard(facts), { sentences: pairSentences });
    const now: Past = past ?? { failovers: 0, heard: {}, seen: {} };
    for (const { node, away } of plan.nodes)
      if (away && !past) await seeTo(book, pair, node, 'it is served by the other one');
    for (let turn = 0; turn < mostTurns && !workflowInfo().continueAsNewSuggested; turn++) {
      const heard = await book.step(
        `Listen to the agents of ${pair}: ${plan.nodes.map(({ node }) => node).join(' and ')}`,
        () => book.unlessPaused(() => waiting.awaitDeeds({ hosts: plan.hosts, target: pair, after: now.heard })),
      );
      for (const { host, deeds } of heard) {
        for (const deed of deeds) {
          now.heard[host] = Math.max(now.heard[host] ?? 0, deed.number);
          if (!isNews(deed, now)) continue;
          now.seen[deed.failed] = deed.epoch;
          if (await seeTo(book, pair, deed.failed, deed.why)) now.failovers++;
        }
      }
    }
    return continueAsNew<typeof guardProxies>(input, now);
  });
}

/** Both agents tell of one takeover; and one that only observes tells what it did not do. */
const isNews = ({ failed, epoch, outcome }: Deed, { seen }: Past): boolean =>
  outcome !== 'done' || epoch > (seen[failed] ?? 0);

async function seeTo(book: Runbook, pair: string, node: string, why: string): Promise<boolean> {
  const title = `See to the proxy of ${node}: ${why}`;
  const done = await book.attempt(title, () =>
    runBeside({ runbook: 'fail-over-proxy', target: pair, title }, failOverProxy, {
      ...attendance,
      ...{ pair, node, failBack: 'go', wellSeconds: 10 },
    }),
  );
  return done !== undefined;
}
