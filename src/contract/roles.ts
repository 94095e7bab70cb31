/**
 * Who may do what. Zod-free: workflows may import it.
 * viewer looks; operator starts, pauses, cancels, answers; approver also says yes or no to a plan; agent acts on hosts.
 */
export const roles = ['viewer', 'operator', 'approver', 'agent'] as const;
export type Role = (typeof roles)[number];

/** Every role and the roles it includes. An agent is no person: it may act on peers and look, never approve. */
const includes: Record<Role, readonly Role[]> = {
  viewer: ['viewer'],
  operator: ['viewer', 'operator'],
  approver: ['viewer', 'operator', 'approver'],
  agent: ['viewer', 'agent'],
};

export const mayActAs = (role: Role, needed: Role): boolean => includes[role].includes(needed);
