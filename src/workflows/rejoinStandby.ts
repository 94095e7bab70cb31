import { workflowInfo } from '@temporalio/workflow';
import type { Input, Output, Report } from '../contract/runbooks';
import { planRejoin, rejoinSentences } from '../planning/failover/rejoin';
import { cautious } from './failover/cautious';
import { takeEndpoint } from './failover/takeEndpoint';
import { slow, swift } from './kit/proxies';
import { Runbook } from './kit/runbook';

/** A former primary is back: keep aside what it alone has, rewind it, and let it follow. */
export async function rejoinStandby(input: Input<'rejoinStandby'>): Promise<Report<Output<'rejoinStandby'>>> {
  const { endpoint, member, dryRun, approval } = input;
  const book = new Runbook(`Let ${member} rejoin ${endpoint}`, input, { runbook: 'rejoin-standby', target: endpoint });
  return book.run(async () => {
    const survey = await takeEndpoint(book, endpoint, { dryRun });
    const plan = book.decide(() => planRejoin(survey.facts, member), cautious(survey, { sentences: rejoinSentences }));
    await book.approve(`the rewind of ${member}`, approval === 'ask');
    const { host, primary, primaryHost, standbys } = plan;
    const lease = book.leaseOf(endpoint);
    await book.step(`Fence ${member}, so that nobody starts it meanwhile`, () =>
      swift.fenceMember({ host, endpoint, lease, deadlineMs: 5_000 }),
    );
    const job = `${workflowInfo().workflowId}/${workflowInfo().firstExecutionRunId.slice(-12)}/rejoin`;
    const { rewound, lost, keptAt } = await book.step(
      `Rewind ${member} as far as it diverged, and let it follow ${primary}`,
      () => slow.rejoinMember({ host, endpoint, lease, primary, job }),
    );
    const { setting } = await book.step(`Let commits on ${primary} wait for one of ${standbys.join(', ')}`, () =>
      swift.setSynchronous({ host: primaryHost, endpoint, lease, members: standbys }),
    );
    return {
      ...{ endpoint, member, primary, rewound, synchronous: setting },
      ...(lost && { lost }),
      ...(keptAt !== undefined && { keptAt }),
    };
  });
}
