import type { PairSurvey } from '../activities/proxies';
import type { Input, Output, Report } from '../contract/runbooks';
import { leaseOfNode, planProxy, proxyEssence, proxySentences, type ProxyPlan } from '../planning/failover/proxies';
import { mayAct } from '../planning/rails';
import { refuse } from './kit/render';
import { swift, waiting } from './kit/proxies';
import { Runbook } from './kit/runbook';

const speech = { sentences: proxySentences, essence: proxyEssence };

/** A proxy failed. The agents have redirected its clients already, or this run does; then it is brought back, and they go back to it. */
export async function failOverProxy(input: Input<'failOverProxy'>): Promise<Report<Output<'failOverProxy'>>> {
  const { pair, node, dryRun, approval, failBack, wellSeconds } = input;
  const book = new Runbook(`Fail the proxy of ${node} over`, input, { runbook: 'fail-over-proxy', target: pair });
  return book.run(async () => {
    let survey = await look(book, pair, '');
    let plan = book.decide(() => planProxy(survey.facts, node), speech);
    book.check(() => mayAct(survey.rails, [], [plan.peerHost]));
    const asked = !plan.away && (approval === 'ask' || survey.facts.terms.autonomy !== 'act');
    plan =
      (await book.approve(`the failover of ${node}`, asked, async () => {
        survey = await look(book, pair, ' again');
        return book.decide(() => planProxy(survey.facts, node), speech);
      })) ?? plan;
    const lease = leaseOfNode(pair, node);
    if (!dryRun) await book.lease([lease], survey.epochs[node] ?? 0);
    const begunAt = plan.deed?.atMs ?? Date.now();
    if (!plan.away) await redirect(book, plan);
    await verify(book, plan, plan.peer, plan.peerHost);
    const back = failBack !== 'no' && (await bringBack(book, input, survey, plan, wellSeconds * 1_000));
    return {
      ...{
        pair,
        node,
        by: plan.peer,
        local: plan.deed?.acts ?? [],
        epoch: book.leaseOf(lease).epoch,
        failedBack: back,
      },
      ...(back && { awayMs: Date.now() - begunAt }),
    };
  });
}

const look = (book: Runbook, pair: string, again: string): Promise<PairSurvey> =>
  book.look(`Look at both proxies of ${pair}${again}`, () => swift.surveyPair({ pair }));

async function redirect(book: Runbook, { pair, node, host, peer, peerHost, address, from }: ProxyPlan): Promise<void> {
  const lease = book.leaseOf(leaseOfNode(pair, node));
  await book.attempt(`Let ${node} give up ${address}`, () => swift.releaseAddress({ host, pair, node, lease }));
  await book.step(
    `Let ${peer} take ${address}`,
    () => swift.takeAddress({ host: peerHost, pair, node, from, lease }),
    () => swift.releaseAddress({ host: peerHost, pair, node, lease }),
  );
}

const verify = (book: Runbook, { pair, node, address, port }: ProxyPlan, by: string, host: string) =>
  book.step(`Verify that ${by} serves the clients of ${node} at ${address}`, () =>
    swift.writeThrough({ host, target: pair, address, port, deadlineMs: 2_000 }),
  );

/** Starts the proxy again where we may, waits until it is well, and gives it its address back. */
async function bringBack(
  book: Runbook,
  { failBack }: Input<'failOverProxy'>,
  { facts: { terms } }: PairSurvey,
  plan: ProxyPlan,
  wellMs: number,
): Promise<boolean> {
  const { pair, node, host, peer, peerHost, address, startable } = plan;
  if (startable)
    await book.attempt(`Start the proxy of ${node} again`, () => swift.startProxy({ host, pair, deadlineMs: 5_000 }));
  await book.step(`Wait until the proxy of ${node} is well`, () =>
    book.unlessPaused(() => waiting.awaitWellProxy({ terms, node, wellMs })),
  );
  await book.approve(`the return of ${address} to ${node}`, failBack === 'ask');
  const lease = book.leaseOf(leaseOfNode(pair, node));
  await book.step(`Let ${peer} give ${address} back to ${node}`, async () => {
    await swift.releaseAddress({ host: peerHost, pair, node, lease });
    const { holders } = await swift.lookAtHolders({ host, pair });
    const mine = holders.find((one) => one.node === node);
    if (!mine) throw refuse('NotTaken', { host, address, why: 'it does not know that address' });
    if (!mine.held) await swift.takeAddress({ host, pair, node, from: mine.epoch, lease });
  });
  await verify(book, plan, node, host);
  return true;
}
