import { spawn } from 'node:child_process';

export interface Command {
  /** The program and its arguments: no shell is between. */
  words: readonly string[];
  timeoutMs: number;
  signal?: AbortSignal;
  /** What it is told beside the environment of the agent. */
  env?: Record<string, string>;
}

/** How a command ended. `cannot`: it was never started. */
export type Ended = { how: 'done'; printed: string } | { how: 'cannot' | 'late' | 'failed'; why: string };

const mostOutput = 64 * 1024;

/** Runs a command of the fleet file. It leads a process group, so that nothing of it is left when it takes too long. */
export function runCommand({ words, timeoutMs, signal, env }: Command): Promise<Ended> {
  const [file = '', ...rest] = words;
  return new Promise((resolve) => {
    const child = spawn(file, rest, {
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...ownEnvironment(), ...env },
    });
    let stdout = '';
    let stderr = '';
    let late = false;
    const give = () => {
      late = true;
      if (child.pid !== undefined) killGroup(child.pid);
    };
    const timer = setTimeout(give, timeoutMs);
    signal?.addEventListener('abort', give, { once: true });
    child.stdout.on('data', (chunk: Buffer) => (stdout = (stdout + chunk.toString()).slice(0, mostOutput)));
    child.stderr.on('data', (chunk: Buffer) => (stderr = (stderr + chunk.toString()).slice(-mostOutput)));
    const settle = (ended: Ended) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', give);
      resolve(ended);
    };
    child.once('error', ({ code, message }: NodeJS.ErrnoException) => settle({ how: 'cannot', why: code ?? message }));
    child.once('close', (code, killed) => {
      if (late) return settle({ how: 'late', why: `it did not end in ${timeoutMs / 1000} s` });
      if (code === 0) return settle({ how: 'done', printed: stdout });
      settle({ how: 'failed', why: stderr.trim().split('\n').at(-1) || `it ended with ${code ?? killed}` });
    });
  });
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

/** The agent's own secrets are in variables of this name: a command of somebody else must not see them. */
const ownEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('EVENKEEL_')));
