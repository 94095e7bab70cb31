import { patched, sleep } from '@temporalio/workflow';
import type { PairSurvey } from '../activities/proxies';
import type { HolderView } from '../contract/capabilities/traffic';
import type { Input, Output, Report } from '../contract/runbooks';
import { leaseOfNode, planProxy, proxyEssence, proxySentences, type ProxyPlan } from '../planning/failover/proxies';
import { mayAct } from '../planning/rails';
import { cautious } from './failover/cautious';
import { begins } from './kit/besides';
import { Ending } from './kit/endings';
import { codeOf, refuse } from './kit/render';
import { swift, waiting } from './kit/proxies';
import { Runbook } from './kit/runbook';

const speech = { sentences: proxySentences, essence: proxyEssence };
const startMs = 5_000;
/** A proxy that dies again and again is started no more, and waited for. */
const mostStarts = 20;

/** A proxy failed. The agents have redirected its clients already, or this run does; then it is brought back, and they go back to it. */
export async function failOverProxy(input: Input<'failOverProxy'>): Promise<Report<Output<'failOverProxy'>>> {
  const { pair, node, approval, failBack, force } = input;
  const book = new Runbook(`See to the proxy of ${node}`, input, { runbook: 'fail-over-proxy', target: pair });
  return book.run(async () => {
    let survey = await look(book, pair);
    let plan = book.decide(() => planProxy(survey.facts, node, force), cautious(survey, speech));
    book.check(() => mayAct(survey.rails, [], [plan.host, plan.peerHost]));
    const asked = plan.course === 'move' && (approval === 'ask' || survey.facts.terms.autonomy !== 'act');
    plan =
      (await book.approve(`the failover of ${node}`, asked, async () => {
        survey = await lookAgain(book, pair);
        return book.decide(() => planProxy(survey.facts, node, force), cautious(survey, speech));
      })) ?? plan;
    await book.lease([leaseOfNode(pair, node)], survey.epochs[node] ?? 0);
    const begunAt = plan.deed?.atMs ?? Date.now();
    const { epoch } = book.leaseOf(leaseOfNode(pair, node));
    const told = { pair, node, course: plan.course, local: plan.deed?.acts ?? [], epoch };
    if (plan.course === 'stay' || plan.course === 'home') {
      await serveAtHome(book, plan, survey.facts.terms.by);
      return { ...told, by: node, failedBack: false };
    }
    if (plan.course === 'move') await redirect(book, plan, survey.facts.terms.by);
    await book.announce(`${plan.peer} serves the clients of ${node}`);
    const verified = () => verify(plan, plan.peer, plan.peerHost);
    // Its clients go home in any case, where they may: what the peer lacks does not keep them.
    if (failBack === 'no') await book.step(...verified());
    else await book.attempt(...verified());
    const back = failBack !== 'no';
    if (back) await bringBack(book, input, survey, plan);
    return { ...told, by: plan.peer, failedBack: back, ...(back && { awayMs: Date.now() - begunAt }) };
  });
}

const look = (book: Runbook, pair: string): Promise<PairSurvey> =>
  book.look(`Look at both proxies of ${pair}`, () => swift.surveyPair({ pair, begins: begins() }));

const lookAgain = (book: Runbook, pair: string): Promise<PairSurvey> =>
  book.look(`Look at both proxies of ${pair} again`, () => swift.surveyPair({ pair }));

/** Nobody else serves its clients: its proxy runs, and has its address. */
async function serveAtHome(book: Runbook, plan: ProxyPlan, by: 'address' | 'nftables'): Promise<void> {
  const { pair, node, host, address, startable, course, from } = plan;
  const lease = book.leaseOf(leaseOfNode(pair, node));
  if (startable)
    await book.step(`Start the proxy of ${node} where it does not run`, () =>
      swift.startProxy({ host, pair, deadlineMs: startMs }),
    );
  if (course === 'home')
    await book.step(
      `Let ${node} take ${address}`,
      () => take({ host, pair, node, from: from.home, lease }),
      // What somebody else has taken since is not this run's to give up. By nftables it lay here before.
      by === 'address' ? () => swift.releaseAddress({ host, pair, node, lease }).catch(unlessOvertaken) : undefined,
    );
  // Without its address there is nothing to wait for here: a run that gives it one comes when both hosts tell.
  if (plan.astray) await book.attempt(...verify(plan, node, host));
  else await book.step(...verify(plan, node, host));
}

/** Nothing is to be undone: whoever had the address serves nobody. */
async function redirect(book: Runbook, plan: ProxyPlan, by: 'address' | 'nftables'): Promise<void> {
  const { pair, node, host, peer, peerHost, address, from } = plan;
  const lease = book.leaseOf(leaseOfNode(pair, node));
  const given = `Let ${node} give up ${address}`;
  const give = () => swift.releaseAddress({ host, pair, node, lease });
  // By nftables it is its own host that redirects: without it nothing can be done.
  if (by === 'nftables') await book.step(given, () => give().catch(endIfOvertaken));
  else await book.attempt(given, give);
  await book.step(`Let ${peer} take ${address}`, () => take({ host: peerHost, pair, node, from: from.peer, lease }));
}

/** How often it is looked whether the agents have done it, and how long there is between. */
const [looks, lookEvery] = [10, '300ms'] as const;

/** The agents may have come first, while this run looked: then the address is where it was to go, or will be in a moment. */
async function take(order: Parameters<typeof swift.takeAddress>[0]): Promise<void> {
  try {
    await swift.takeAddress(order);
  } catch (error) {
    if (codeOf(error) !== 'EpochMoved' || !patched('the-agents-may-come-first')) endIfOvertaken(error);
    for (let n = 0; n < looks; n++, await sleep(lookEvery)) if ((await holderAt(order.host, order)).held) return;
    throw new Ending(error); // they took it elsewhere: its guard begins anew from there
  }
}

/** Under a newer epoch somebody else sees to the node: no retry of this run can succeed, and nobody is asked for one. */
function endIfOvertaken(error: unknown): never {
  throw codeOf(error) === 'StaleEpoch' && patched('a-run-that-was-overtaken-ends') ? new Ending(error) : error;
}

function unlessOvertaken(error: unknown): void {
  if (codeOf(error) !== 'StaleEpoch') throw error;
}

/** What a host says of the address of a node. */
async function holderAt(host: string, { pair, node }: { pair: string; node: string }): Promise<HolderView> {
  const { holders } = await swift.lookAtHolders({ host, pair });
  const own = holders.find((one) => one.node === node);
  if (!own) throw refuse('NoPart', { host, part: `node "${node}"`, name: pair });
  return own;
}

/** As a step: its sentence and its act. */
const verify = ({ pair, node, address, port }: ProxyPlan, by: string, host: string) =>
  [
    by === node
      ? `Verify that ${node} serves its clients at ${address}`
      : `Verify that ${by} serves the clients of ${node} at ${address}`,
    () => swift.writeThrough({ host, target: pair, address, port, deadlineMs: 2_000 }),
  ] as const;

/** Starts the proxy again where we may, waits until it is well, and gives it its address back. */
async function bringBack(
  book: Runbook,
  { failBack, wellSeconds }: Input<'failOverProxy'>,
  { facts: { terms } }: PairSurvey,
  plan: ProxyPlan,
): Promise<void> {
  const { pair, node, host, peer, peerHost, address, startable } = plan;
  for (let well = false, starts = 0; !well; starts++) {
    // Its host may have to come back first, which is waited for.
    if (startable && starts < mostStarts)
      await book.step(`Start the proxy of ${node} again`, () =>
        book.pauses.between(() => waiting.startProxy({ host, pair, deadlineMs: startMs })),
      );
    const outcome = await book.step<boolean | undefined>(`Wait until the proxy of ${node} is well`, () =>
      book.pauses.between(() => waiting.awaitWellProxy({ terms, node, wellMs: wellSeconds * 1_000 })),
    );
    well = outcome ?? true; // one who skips it knows that it is
  }
  await book.approve(`the return of ${address} to ${node}`, failBack === 'ask');
  const lease = book.leaseOf(leaseOfNode(pair, node));
  await book.step(`Let ${peer} give ${address} back to ${node}`, async () => {
    const mine = () => holderAt(host, { pair, node });
    const before = await mine();
    // It may be back already, since the other proxy died: that host need not answer then. If it does, it holds nothing twice.
    await swift.releaseAddress({ host: peerHost, pair, node, lease }).catch((error: unknown) => {
      if (!before.held || codeOf(error) !== 'AgentUnreachable') endIfOvertaken(error);
    });
    const { held, epoch } = await mine();
    if (!held) await take({ host, pair, node, from: epoch, lease });
  });
  await book.step(...verify(plan, node, host));
}
