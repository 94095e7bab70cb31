import { Refusal } from '../../contract/errors';
import type { CapabilityOf } from '../host';

type Armed = Pick<CapabilityOf<'watch'>, 'arm' | 'disarm'>;

/** Plans that the agents may carry out while Temporal is down: none is taken yet, and nobody may rely on one. */
export const armed: Armed = {
  arm: async ({ target }) => {
    throw new Refusal('BadPlan', { name: target, why: 'not allowed' });
  },
  disarm: async ({ target }) => {
    throw new Refusal('BadPlan', { name: target, why: 'not allowed' });
  },
};
