import { spawn } from 'node:child_process';

/** Runs a program to its end; what it complained of is in the error. */
export async function run(program: string, ...args: string[]): Promise<void> {
  await outputOf(program, ...args);
}

/** What a program wrote to its standard output. */
export const outputOf = (program: string, ...args: string[]): Promise<string> => answerOf([program, ...args]);

/** What a program answered to words on its standard input. */
export function answerOf([program = '', ...args]: readonly string[], input?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'] });
    let [output, complaint] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (complaint = (complaint + chunk.toString()).slice(-2_000)));
    child.once('error', (error: NodeJS.ErrnoException) =>
      reject(error.code === 'ENOENT' ? new Error(`no ${program} on the PATH`) : error),
    );
    child.once('close', (code, signal) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${program} ended with ${code ?? signal}: ${complaint.trim().split('\n').at(-1) ?? ''}`));
    });
    // One that ends before it has read is judged by its exit alone.
    child.stdin.on('error', () => undefined).end(input ?? '');
  });
}
