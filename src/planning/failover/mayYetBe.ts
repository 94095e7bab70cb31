import type { MemberView } from '../../contract/capabilities/role';
import type { ErrorCode } from '../../contract/errors';

/** Whether a member that was told to be promoted, and was not, may still become the primary. `unheard`: it may never have heard the order. */
export type MayYetBe = 'no' | 'unheard' | 'yes';

/** By the code of the error that came back. No code, or no answer in time: the order is on its way, or is being carried out. */
export function mayYetBe(code: ErrorCode | undefined): MayYetBe {
  if (code === 'AgentUnreachable') return 'unheard';
  return code === 'NotStandby' || code === 'DatabaseSaidNo' ? 'no' : 'yes';
}

/** What a failover by the agents that promoted nobody leaves behind. */
export interface GivenUp {
  primary: string;
  /** The old primary is proven dead. */
  fenced: boolean;
  /** Who was told to be promoted, may still become the primary, and is not proven to be kept down. */
  open: readonly string[];
  /** Who could have been promoted. */
  candidates: readonly string[];
  /** What the other members say of themselves; one that does not answer is left out. */
  states: Readonly<Record<string, MemberView['state']>>;
}

const harmless: readonly (MemberView['state'] | undefined)[] = ['standby', 'fenced', 'down'];

/**
 * Why the endpoint must stay closed, or nothing. It is opened to the old primary again only where that was not fenced, nobody
 * who was told to be promoted may still become the primary, each candidate says that it is a standby, fenced or down, and no
 * other member says that it is the primary.
 */
export function staysClosed({ primary, fenced, open, candidates, states }: GivenUp): string | undefined {
  if (fenced) return `${primary} is fenced`;
  if (open.length > 0) return `${open.join(' and ')} may still become the primary`;
  const doubtful = candidates.filter((member) => !harmless.includes(states[member]));
  if (doubtful.length > 0) return `${doubtful.join(' and ')} may have been promoted`;
  const promoted = Object.keys(states).find((member) => states[member] === 'primary');
  return promoted && `${promoted} is a primary by now`;
}
