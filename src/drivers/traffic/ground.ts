import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { Refusal } from '../../contract/errors';
import type { Host } from '../host';

/** Where the rules of this host are. */
export interface Ground {
  host: Pick<Host, 'name' | 'stateDir' | 'log'>;
  /** Words before each program: how it comes into a network namespace that is not the agent's own. */
  within: readonly string[];
}

/** A program of the machine, in sbin as well: an agent that is not root has no sbin on its PATH. */
export function startProgram({ within }: Ground, words: readonly string[]): ChildProcessWithoutNullStreams {
  const [file = '', ...args] = [...within, ...words];
  const env = { ...process.env, LC_ALL: 'C', PATH: `${process.env['PATH'] ?? ''}:/usr/sbin:/sbin` };
  const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], env });
  child.stdin.on('error', () => undefined); // it ended before it had read all: its end tells why
  return child;
}

const endsMs = 10_000;

/** What a program wrote, once it has ended well; a refusal with its complaint otherwise. `what` says in words what it was to do. */
export function runProgram(ground: Ground, what: string, words: readonly string[], input = ''): Promise<string> {
  const refused = (why: string, cause?: unknown) =>
    new Refusal('KernelRefused', { what, host: ground.host.name, why }, { cause });
  return new Promise((resolve, reject) => {
    const child = startProgram(ground, words);
    const timer = setTimeout(() => child.kill('SIGKILL'), endsMs);
    let [output, complaint] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)));
    child.once('error', (cause) => (clearTimeout(timer), reject(refused(cause.message, cause))));
    child.once('close', (code, signal) => {
      clearTimeout(timer);
      if (code === 0) resolve(output);
      else reject(refused(complaint.trim().split('\n')[0] || `${words[0]} ended with ${code ?? signal}`));
    });
    child.stdin.end(input);
  });
}
