import { errors, isErrorCode } from '../contract/errors';
import type { RunView } from '../api/views';

/** What a script can tell from the exit status. The README and `evenkeel --help` print this table. */
export const exitCodes = {
  done: { code: 0, means: 'done, planned, or started with --detach' },
  failed: { code: 1, means: 'the run failed, or something broke' },
  usage: { code: 2, means: 'the command line is wrong' },
  refused: { code: 3, means: 'refused: the input, the plan or the fleet says no' },
  waiting: { code: 4, means: 'the run waits for a person: held, or for an approval (no terminal, no --wait)' },
  undone: { code: 5, means: 'the run was cancelled, rejected or undone' },
  running: { code: 6, means: 'a run with this target runs already' },
  unreachable: { code: 7, means: 'Temporal, a worker or an agent does not answer' },
  left: { code: 130, means: 'left by Ctrl-C; the run goes on' },
} as const;

const unreachable = ['TemporalUnreachable', 'NoWorker', 'AgentUnreachable', 'PeerUnreachable'];

/** The exit status for a refusal. */
export function exitCodeOf(errorCode: string): number {
  if (unreachable.includes(errorCode)) return exitCodes.unreachable.code;
  return errorCode === 'AlreadyRunning' ? exitCodes.running.code : exitCodes.refused.code;
}

/** The exit status for how a run stands. */
export function exitCodeOfRun({ phase, failure }: Pick<RunView, 'phase' | 'failure'>): number {
  const said = failure?.code;
  if (said === 'NotApproved') return exitCodes.undone.code;
  if (phase === 'failed' && isErrorCode(said) && !errors[said].retry) return exitCodes.refused.code;
  return exitCodes[outcomes[phase]].code;
}

const outcomes: Record<RunView['phase'], keyof typeof exitCodes> = {
  done: 'done',
  planned: 'done',
  failed: 'failed',
  cancelled: 'undone',
  undone: 'undone',
  terminated: 'undone',
  running: 'waiting',
  'waiting for approval': 'waiting',
  held: 'waiting',
  paused: 'waiting',
  undoing: 'waiting',
};

/** For help texts. */
export const exitCodeTable = (): string =>
  ['Exit status:', ...Object.values(exitCodes).map(({ code, means }) => `  ${String(code).padEnd(4)} ${means}`)].join(
    '\n',
  );
