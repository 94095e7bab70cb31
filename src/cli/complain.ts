import { Refusal } from '../contract/errors';
import { asTyped } from './asTyped';
import { exitCodeOf, exitCodes } from './exitCodes';
import { paintFor } from './print';

/** One or two lines: what, where, what to do next. With --debug the stack too. Answers with the exit status. */
export function complain(error: unknown, { debug }: { debug?: boolean } = {}): number {
  const paint = paintFor(process.stderr);
  const message = asTyped(error instanceof Error ? error.message : String(error));
  const [what, next] = message.split(/\. Next: /);
  process.stderr.write(`${paint.red('evenkeel:')} ${what}${next ? `\n${paint.dim('next:')} ${next}` : ''}\n`);
  if (debug && error instanceof Error) process.stderr.write(`${paint.dim(stackOf(error))}\n`);
  else if (!(error instanceof Refusal))
    process.stderr.write(`${paint.dim('next:')} --debug shows where this happened\n`);
  return error instanceof Refusal ? exitCodeOf(error.code) : exitCodes.failed.code;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by ${error.cause.message}\n${stackOf(error.cause)}` : '';
  const frames = (error.stack ?? '').split('\n').filter((line) => line.startsWith('    at '));
  return `${frames.join('\n')}${cause}`;
}
