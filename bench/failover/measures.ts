import type { Figure } from './figures';
import type { Trial } from './trial';

type Measure = Figure & { of: (trial: Trial) => number };

export const gap = (goal: number): Measure => ({ metric: 'write gap', unit: 'ms', goal, of: ({ gapMs }) => gapMs });
/** Where it is 1, the gap is how long was waited. */
export const gapEnds: Measure = {
  metric: 'never written again',
  unit: 'count',
  goal: 0,
  of: ({ over }) => (over ? 0 : 1),
};
export const hung: Measure = { metric: 'hung clients', unit: 'count', goal: 0, of: (trial) => trial.hung };
export const lost: Measure = { metric: 'acknowledged, lost', unit: 'count', goal: 0, of: (trial) => trial.lost };
export const byOld: Measure = {
  metric: 'acknowledged by the old',
  unit: 'count',
  goal: 0,
  of: (trial) => trial.byOld,
};
export const unknown: Measure = { metric: 'unknown outcomes', unit: 'count', of: (trial) => trial.unknown };
