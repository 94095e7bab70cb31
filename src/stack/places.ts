import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The directory of package.json: two up from src/stack as from dist/stack. */
export const packageRoot = resolve(__dirname, '..', '..');

/** A compiled entry point: also when this file itself runs from src under a test. */
export const compiled = (...path: string[]): string => join(packageRoot, 'dist', ...path);

/** What is worth keeping between clones: the Temporal binary. */
export const cacheDir = (env: NodeJS.ProcessEnv = process.env): string =>
  join(env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'evenkeel');

/** Where `up` keeps the state of the embedded stack. */
export const stateDir = (env: NodeJS.ProcessEnv = process.env): string => resolve(env['EVENKEEL_STATE'] || '.evenkeel');
