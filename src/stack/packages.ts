import { spawnSync } from 'node:child_process';
import { abilities, type Ability, type AbilityName } from './machine';

export const isRoot = (): boolean => process.getuid?.() === 0;

/** Why this machine lacks something, after an attempt to install it from Debian where that is allowed; undefined when it is there. */
export function lacking(name: AbilityName, say: (line: string) => void): string | undefined {
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
