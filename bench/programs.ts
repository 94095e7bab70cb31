import { spawn, spawnSync } from 'node:child_process';
import { abilities, type Ability } from '../src/stack/machine';

/** Runs a program to its end; what it complained of is in the error. */
export async function run(program: string, ...args: string[]): Promise<void> {
  await outputOf(program, ...args);
}

/** What a program wrote to its standard output. */
export function outputOf(program: string, ...args: string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
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
  });
}

export const isRoot = (): boolean => process.getuid?.() === 0;

/** Why a peer cannot be run, after an attempt to install it from Debian where that is allowed; undefined when it is there. */
export function lacking(
  name: 'rsync' | 'rclone' | 'tbf' | 'netns' | 'loop' | 'ext4',
  say: (line: string) => void,
): string | undefined {
  const ability: Ability = abilities[name];
  const { debian } = ability;
  const why = ability.lacks();
  if (why === undefined || debian === undefined) return why;
  if (!isRoot()) return `${why}, and only root can install it`;
  if (process.env['EVENKEEL_SETUP'] === 'no') return `${why}, and EVENKEEL_SETUP=no forbids installing it`;
  say(`Installing the Debian package ${debian}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  for (const args of [['update'], ['install', '-y', '--no-install-recommends', debian]]) {
    spawnSync('apt-get', ['-q', ...args], { env, stdio: 'ignore' });
  }
  return ability.lacks() === undefined ? undefined : `${why}, and apt-get could not install it`;
}
