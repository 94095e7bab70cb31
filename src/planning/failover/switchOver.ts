import { formatBytes } from '../../contract/amounts';
import { Refusal } from '../../contract/errors';
import { answered, primaryOf, type EndpointFacts } from './facts';

/** A planned change of the primary: all is well before, and all must be well after. */
export interface SwitchOverPlan {
  endpoint: string;
  primary: string;
  primaryHost: string;
  to: string;
  toHost: string;
  lagBytes: number;
  close: { forwarder: string; host: string; from: number }[];
  /** Forwarders whose clients are held by a pooler meanwhile, and those whose clients are reset. */
  pooled: { forwarder: string; host: string }[];
  reset: string[];
  /** Other standbys, which follow the new primary. */
  others: { member: string; host: string }[];
}

/** More than this has to be caught up before a standby may take over without a long pause, bytes. */
const mostLag = 64 * 1024 * 1024;

export function planSwitchOver(facts: EndpointFacts, to: string): SwitchOverPlan {
  const { terms, members, routes } = facts;
  const { endpoint } = terms;
  const primary = primaryOf(facts);
  const view = primary === undefined ? undefined : members[primary];
  if (primary === undefined || !answered(view) || view.state !== 'primary')
    throw new Refusal('NoPrimary', {
      name: endpoint,
      count: 0,
      which: 'a switch-over needs one that is well; use fail-over-endpoint',
    });
  for (const [forwarder, route] of Object.entries(routes))
    if (!answered(route))
      throw new Refusal('HostSilent', { host: terms.forwarders[forwarder]!.host, why: route.silent });
  const standbys = (view.standbys ?? []).filter(({ member, streaming }) => {
    const its = members[member];
    return streaming && terms.members[member]?.candidate === true && answered(its) && its.state === 'standby';
  });
  const best = standbys
    .filter(({ member }) => to === '' || member === to)
    .sort((a, b) => Number(b.sync !== 'async') - Number(a.sync !== 'async') || a.lagBytes - b.lagBytes)[0];
  if (!best)
    throw new Refusal('NoCandidate', {
      name: endpoint,
      why: to === '' ? 'no standby that may take over streams from it' : `${to} does not stream from ${primary}`,
    });
  if (best.lagBytes > mostLag)
    throw new Refusal('NoCandidate', { name: endpoint, why: `${best.member} lags by ${formatBytes(best.lagBytes)}` });
  const forwarders = Object.entries(terms.forwarders).map(([forwarder, entry]) => ({ forwarder, ...entry }));
  return {
    endpoint,
    primary,
    primaryHost: terms.members[primary]!.host,
    to: best.member,
    toHost: terms.members[best.member]!.host,
    lagBytes: best.lagBytes,
    close: Object.entries(routes).map(([forwarder, route]) => ({
      forwarder,
      host: terms.forwarders[forwarder]!.host,
      from: answered(route) ? route.epoch : 0,
    })),
    pooled: forwarders.filter(({ pooled }) => pooled).map(({ forwarder, host }) => ({ forwarder, host })),
    reset: forwarders.filter(({ pooled }) => !pooled).map(({ forwarder }) => forwarder),
    others: Object.entries(terms.members)
      .filter(([member]) => member !== primary && member !== best.member)
      .map(([member, { host }]) => ({ member, host })),
  };
}

export const switchOverEssence = ({ endpoint, primary, to }: SwitchOverPlan): unknown => ({ endpoint, primary, to });

export const switchOverSentences = (plan: SwitchOverPlan): string[] => [
  `${plan.to} on ${plan.toHost} becomes the primary of ${plan.endpoint} instead of ${plan.primary}, which stops cleanly and follows it`,
  `${plan.to} lags by ${formatBytes(plan.lagBytes)} now, and is promoted only when it has everything`,
  plan.pooled.length > 0
    ? `the poolers of ${plan.pooled.map(({ forwarder }) => forwarder).join(' and ')} hold their clients meanwhile: they see a pause and no error`
    : 'no forwarder has a pooler: its clients are reset once and have to connect again',
  ...(plan.reset.length > 0 && plan.pooled.length > 0
    ? [`${plan.reset.join(' and ')} ha${plan.reset.length === 1 ? 's' : 've'} none: clients there are reset once`]
    : []),
  `until ${plan.to} is promoted, everything is undone when a step fails: ${plan.primary} goes on`,
];
