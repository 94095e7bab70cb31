import { answered, memberAt, type EndpointFacts } from './facts';

/** A forwarder that does not send to the primary, and what it does instead. */
export interface Astray {
  forwarder: string;
  does: string;
}

/**
 * Forwarders that are to be sent to the primary: one that is new; one that heard nothing of a failover and still sends to
 * somebody else; and one that was closed to a member where nobody forwards, although the primary says itself that it is one:
 * whoever closed it died before it opened it, be it a run or an agent. One
 * that left on purpose looks alike, and serves again where no other one answers.
 */
export function astrayOf({ terms, routes, members }: EndpointFacts, primary: string): Astray[] {
  const seen = Object.entries(routes).flatMap(([forwarder, route]) => {
    if (!answered(route)) return [];
    return [{ ...route, forwarder, to: route.to && (memberAt(terms, route.to.address) ?? route.to.address) }];
  });
  const newest = Math.max(...seen.filter(({ to }) => to === primary).map(({ epoch }) => epoch));
  const view = members[primary];
  const isUnserved = answered(view) && view.state === 'primary' && seen.every(({ state }) => state !== 'open');
  const astray = ({ state, to, epoch }: (typeof seen)[number]): string | undefined => {
    if (state === 'absent') return 'forwards nothing yet';
    if (state === 'closed') return isUnserved ? `was closed under epoch ${epoch} and left so` : undefined;
    return to === primary || epoch > newest ? undefined : `still forwards to ${to} under epoch ${epoch}`;
  };
  return seen.flatMap((one) => {
    const does = astray(one);
    return does === undefined ? [] : [{ forwarder: one.forwarder, does }];
  });
}

/** What a person should know of the routes: those that a guard sets right, and those that were closed on purpose. */
export function routeCautions({ routes }: EndpointFacts, astray: readonly Astray[]): string[] {
  const closed = Object.entries(routes).flatMap(([forwarder, route]) =>
    answered(route) && route.state === 'closed' && !astray.some((one) => one.forwarder === forwarder)
      ? [{ forwarder, epoch: route.epoch }]
      : [],
  );
  return [
    ...astray.map(({ forwarder, does }) => `${forwarder} ${does}`),
    ...closed.map(
      ({ forwarder, epoch }) =>
        `${forwarder} is closed under epoch ${epoch}: \`evenkeel run replace-forwarder --by ${forwarder}\` opens it`,
    ),
  ];
}
