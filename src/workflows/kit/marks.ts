import type { StepState } from './messages';

/** How a step went, in one letter: the same in the terminal and in the Web UI. */
export const marks: Record<StepState, string> = {
  waiting: '·',
  running: '▶',
  done: '✔',
  failed: '✘',
  held: '⏸',
  skipped: '↷',
  undone: '↶',
};
