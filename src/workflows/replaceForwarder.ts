import type { Input, Output, Report } from '../contract/runbooks';
import { forwarderSentences, planForwarder, type ForwarderPlan } from '../planning/failover/forwarders';
import { memberAt, type EndpointTerms } from '../planning/failover/facts';
import { cautious } from './failover/cautious';
import { takeEndpoint } from './failover/takeEndpoint';
import { once, swift } from './kit/proxies';
import { Runbook } from './kit/runbook';

const speech = { sentences: forwarderSentences };

/** A forwarder is gone, or is to go: the DNS name says another one, which forwards to the same primary. */
export async function replaceForwarder(input: Input<'replaceForwarder'>): Promise<Report<Output<'replaceForwarder'>>> {
  const { endpoint, gone, by, onlyAstray, dryRun, approval } = input;
  const book = new Runbook(`Change the forwarders of ${endpoint}`, input, {
    runbook: 'replace-forwarder',
    target: endpoint,
  });
  return book.run(async () => {
    const survey = await takeEndpoint(book, endpoint, { dryRun });
    const { facts } = survey;
    const plan = book.decide(() => planForwarder(facts, { gone, by, onlyAstray }), cautious(survey, speech));
    await book.approve(`the change of forwarders of ${endpoint}`, approval === 'ask' || plan.doubt !== undefined);
    const acts = input.onFailure === 'leave' ? once : swift;
    const freed = plan.joins && (await join(book, acts, facts.terms, plan, plan.joins));
    if (plan.gone) await leave(book, facts.terms, plan, plan.gone);
    const now = facts.terms.dns
      ? await book.attempt(`Look at what ${facts.terms.name} says now`, () =>
          swift.resolveEndpoint({ host: plan.by, endpoint }),
        )
      : undefined;
    return {
      endpoint,
      ...(plan.gone && { gone: plan.gone.forwarder }),
      ...(plan.joins && { joined: plan.joins.forwarder }),
      ...(freed && { freed: freed.found, stillHung: freed.left }),
      ...(now && { addresses: now.addresses }),
    };
  });
}

/** Tells how many clients it freed, where they waited for a former primary. */
async function join(
  book: Runbook,
  acts: typeof swift,
  terms: EndpointTerms,
  { endpoint, to, by }: ForwarderPlan,
  { forwarder, host, address, from, open, sentTo }: NonNullable<ForwarderPlan['joins']>,
): Promise<{ found: number; left: number } | undefined> {
  const { name, port, dns } = terms;
  const lease = book.leaseOf(endpoint);
  const { epoch } = lease;
  if (!open)
    await book.step(
      `Open ${endpoint} on ${forwarder} to ${to.member} under epoch ${epoch}`,
      async () => {
        if (from > 0) await acts.closeRoute({ host, endpoint, from, lease, reject: [] });
        await acts.openRoute({ host, endpoint, lease, to: { address: to.address, port: to.port } });
      },
      () => acts.closeRoute({ host, endpoint, from: epoch, lease, reject: [] }),
    );
  const freed =
    sentTo === undefined
      ? undefined
      : await book.attempt(`Free the clients that still wait for ${memberAt(terms, sentTo) ?? sentTo}`, () =>
          acts.freeClients({ host, endpoint, address: sentTo }),
        );
  await book.step(`Verify by a write through ${forwarder}`, () =>
    acts.writeThrough({ host: by, target: endpoint, address, port, deadlineMs: 2_000 }),
  );
  if (dns)
    await book.step(
      `Let ${forwarder} join ${name}`,
      () => acts.announceForwarder({ host: by, endpoint, lease, address, as: 'member' }),
      () => acts.announceForwarder({ host: by, endpoint, lease, address, as: 'gone' }),
    );
  return freed;
}

async function leave(
  book: Runbook,
  { name, dns }: EndpointTerms,
  { endpoint, by }: ForwarderPlan,
  { forwarder, host, address, silent, from }: NonNullable<ForwarderPlan['gone']>,
): Promise<void> {
  const lease = book.leaseOf(endpoint);
  if (dns)
    await book.step(
      `Take ${forwarder} out of ${name}`,
      () => swift.announceForwarder({ host: by, endpoint, lease, address, as: 'gone' }),
      () => swift.announceForwarder({ host: by, endpoint, lease, address, as: 'member' }),
    );
  if (silent === undefined)
    await book.attempt(`Close ${endpoint} on ${forwarder}`, () =>
      swift.closeRoute({ host, endpoint, from, lease, reject: [] }),
    );
}
