import type { EndpointTerms } from './facts';

/** What is known once the routes were closed and the old primary was to be fenced. */
export interface Fencing {
  policy: EndpointTerms['fence'];
  /** Its agent proved that it is dead. */
  fenced: boolean;
  /** Why that could not be proven. */
  why: string;
  /** No commit can be acknowledged without the standby that is about to be promoted: it was the only one, or all are needed. */
  sealed: boolean;
}

/**
 * May another member be promoted? Only when the old primary is proven dead, or, where the fleet file allows it, when it can
 * acknowledge nothing any more. Undefined when it may; otherwise the reason for a person.
 */
export function unsafe({ policy, fenced, why, sealed }: Fencing): string | undefined {
  if (fenced || (policy === 'sync' && sealed)) return undefined;
  if (policy === 'host') return `${why}; the fleet file wants proof from its host (fence: host)`;
  return `${why}; and it may go on to acknowledge commits, since they need not wait for the standby that is promoted`;
}
