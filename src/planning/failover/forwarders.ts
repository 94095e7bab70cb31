import { Refusal } from '../../contract/errors';
import { astrayOf, doubtOf } from './astray';
import { answered, primaryOf, type EndpointFacts } from './facts';
import { rivalsOf } from './rivals';

/** One forwarder leaves the DNS name of an endpoint, another joins it; either may be missing. */
export interface ForwarderPlan {
  endpoint: string;
  gone?: { forwarder: string; host: string; address: string; silent?: string; from: number };
  joins?: {
    forwarder: string;
    host: string;
    address: string;
    from: number;
    open: boolean;
    /** Clients are sent to it already. */
    named: boolean;
    /** The address to which it still sends, though another member is the primary: somebody may wait for that one. */
    sentTo?: string;
  };
  to: { member: string; address: string; port: number };
  /** Why somebody has to say yes before clients are sent to it through the one that joins. */
  doubt?: string;
  /** Whose agent speaks to the DNS server. */
  by: string;
}

/** `onlyAstray`: nobody asked for it; the one that joins is to be one that a guard sends to the primary by itself. */
export function planForwarder(
  facts: EndpointFacts,
  wish: { gone: string; by: string; onlyAstray?: boolean },
): ForwarderPlan {
  const { terms, routes } = facts;
  const { endpoint } = terms;
  if (wish.gone === '' && wish.by === '')
    throw new Refusal('BadInput', { what: 'neither --gone nor --by was given: say which forwarder leaves, or joins' });
  const primary = primaryOf(facts);
  if (primary === undefined)
    throw new Refusal('NoPrimary', { name: endpoint, count: 0, which: 'no forwarder names one' });
  const rivals = rivalsOf(facts, primary);
  if (rivals.length > 0)
    throw new Refusal('NoPrimary', {
      name: endpoint,
      count: 1 + rivals.length,
      which: [primary, ...rivals].join(', '),
    });
  const gone = wish.gone === '' ? undefined : forwarderOf(facts, wish.gone);
  const joins = wish.by === '' ? undefined : forwarderOf(facts, wish.by);
  const route = joins && routes[wish.by];
  if (joins && !answered(route))
    throw new Refusal('HostSilent', { host: joins.host, why: route?.silent ?? 'it was not asked' });
  if (wish.onlyAstray && !astrayOf(facts, primary).some(({ forwarder }) => forwarder === wish.by))
    throw new Refusal('LeftAlone', { forwarder: wish.by, name: endpoint });
  const left = Object.keys(terms.forwarders).filter((name) => name !== wish.gone && answered(routes[name]));
  if (left.length === 0) throw new Refusal('NoCandidate', { name: endpoint, why: 'no other forwarder answers' });
  const doubt = joins && doubtOf(facts, primary, wish.by);
  const { address, port } = terms.members[primary]!;
  const leaving = gone && routes[wish.gone];
  return {
    endpoint,
    ...(gone && {
      gone: {
        ...gone,
        from: answered(leaving) ? leaving.epoch : 0,
        ...(!answered(leaving) && { silent: leaving?.silent ?? 'it was not asked' }),
      },
    }),
    ...(joins &&
      answered(route) && {
        joins: {
          ...{ ...joins, from: route.epoch, open: route.to?.address === address },
          named: facts.named?.includes(joins.address) ?? false,
          ...(route.to && route.to.address !== address && { sentTo: route.to.address }),
        },
      }),
    to: { member: primary, address, port },
    ...(doubt !== undefined && { doubt }),
    by: facts.observations[0]?.observer ?? terms.observers[0]!.host,
  };
}

function forwarderOf(
  { terms }: EndpointFacts,
  forwarder: string,
): { forwarder: string; host: string; address: string } {
  const entry = terms.forwarders[forwarder];
  if (entry) return { forwarder, host: entry.host, address: entry.address };
  const known = Object.keys(terms.forwarders).join(', ');
  throw new Refusal('UnknownForwarder', { name: terms.endpoint, forwarder, known });
}

export const forwarderSentences = ({ endpoint, gone, joins, to, doubt }: ForwarderPlan): string[] => [
  ...(gone
    ? [
        `${gone.forwarder} (${gone.address}) leaves the DNS name of ${endpoint}${gone.silent === undefined ? ', then its route is closed' : `; its route is left as it is, since it does not answer: ${gone.silent}`}`,
      ]
    : []),
  ...(joins
    ? [
        `${joins.forwarder} (${joins.address}) forwards to ${to.member}, and ${joins.named ? 'is in the name: that is verified by a write' : 'joins the name when a write came through it'}`,
      ]
    : []),
  ...(doubt === undefined ? [] : [`somebody must say yes: ${doubt}`]),
];
