import { existsSync, readFileSync } from 'node:fs';
import type { Role } from '../contract/roles';
import { stateDir } from './places';
import { stackTokens, tokensFile } from './stackState';

/** The token that this process shows on loopback: from the environment, a file named there, or the stack that runs here. */
export function ownToken(role: Role, env: NodeJS.ProcessEnv = process.env): string | undefined {
  if (env['EVENKEEL_TOKEN']) return env['EVENKEEL_TOKEN'];
  const file = env['EVENKEEL_TOKEN_FILE'];
  if (file) return readFileSync(file, 'utf8').trim();
  return existsSync(tokensFile(stateDir(env))) ? stackTokens(stateDir(env))[role] : undefined;
}
