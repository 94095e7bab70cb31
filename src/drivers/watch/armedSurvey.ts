import type { ArmedPlan } from '../../contract/armed';
import type { EndpointEntry } from '../../contract/endpoints';
import type { Observation } from '../../contract/sights';
import type { Asked, EndpointFacts, EndpointTerms } from '../../planning/failover/facts';
import type { Host } from '../host';
import type { DeedBook } from './deedBook';
import { said } from '../said';
import { peerMs } from './side';

/** The old primary and forwarders are not waited for longer than this, ms; standbys are: without them nothing can be done. */
const shortMs = 600;
const standbyMs = 2_500;

/** What the observers of the plan see now: the own sight, and those of the others that answer in time. */
export async function councilOf(host: Host, plan: ArmedPlan, own: Observation): Promise<Observation[]> {
  const others = plan.observers.filter((one) => one.host !== host.name);
  const answers = await Promise.all(
    others.map((one) =>
      said(host.peer(one.host, 'watch').look({ target: plan.endpoint, after: -1, waitMs: 0 }), peerMs * 2),
    ),
  );
  return [own, ...answers.flatMap((answer) => ('value' in answer ? [answer.value] : []))];
}

/** Members and forwarders, asked all at once; the terms are those of the own fleet file. */
export async function factsOf(
  host: Host,
  plan: ArmedPlan,
  entry: EndpointEntry,
  observations: Observation[],
): Promise<EndpointFacts> {
  const { endpoint } = plan;
  const members = Object.entries(entry.members).map(async ([member, at]) => {
    const ms = member === plan.primary ? shortMs : standbyMs;
    const asked = host.peer(at.host, 'role').status({ endpoint, deadlineMs: ms });
    return [member, asAsked(await said(asked, ms))] as const;
  });
  const routes = Object.entries(entry.forwarders).map(async ([forwarder, at]) => {
    const asked = host.peer(at.host, 'traffic').routes({ endpoint });
    return [forwarder, asAsked(await said(asked, shortMs))] as const;
  });
  return {
    terms: termsOf(plan, entry),
    nowMs: Date.now(),
    members: Object.fromEntries(await Promise.all(members)),
    routes: Object.fromEntries(await Promise.all(routes)),
    observations,
    heard: [],
  };
}

/** When any observer last failed it over by itself, as far as they answer. */
export async function movedAtOf(host: Host, plan: ArmedPlan, book: DeedBook): Promise<number | undefined> {
  const { endpoint: target } = plan;
  const others = plan.observers.filter((one) => one.host !== host.name);
  const answers = await Promise.all(
    others.map((one) => said(host.peer(one.host, 'watch').deeds({ target, after: 0, waitMs: 0 }), peerMs * 2)),
  );
  const theirs = answers.flatMap((answer) => ('value' in answer ? answer.value.deeds : []));
  const times = theirs.filter(({ outcome }) => outcome !== 'refused').map(({ atMs }) => atMs);
  const last = Math.max(book.actedAt(target) ?? 0, ...times);
  return last === 0 ? undefined : last;
}

const asAsked = <T>(answer: { value: T } | { why: string }): Asked<T> =>
  'value' in answer ? answer.value : { silent: answer.why };

function termsOf({ endpoint, observers }: ArmedPlan, entry: EndpointEntry): EndpointTerms {
  const { members, forwarders, dns, armed, ...rest } = entry;
  const cannot = { powered: false }; // a plan never cuts anybody's power
  return {
    ...{ ...rest, endpoint, observers, dns: dns !== undefined },
    ...(armed && { armed }),
    members: Object.fromEntries(Object.entries(members).map(([name, member]) => [name, { ...member, ...cannot }])),
    forwarders: Object.fromEntries(
      Object.entries(forwarders).map(([name, { host, address }]) => [name, { host, address, pooled: false }]),
    ),
  };
}
