import { statSync } from 'node:fs';
import type { Fleet } from '../contract/fleet';
import { loadFleet } from './load';

/** How often the file is looked at, ms, however often the fleet is asked for. */
const lookEveryMs = 1_000;

/**
 * The fleet as its file says now. A file that became wrong leaves the last right fleet in force and says so once: a typo
 * in an editor must not stop the runs that are under way.
 */
export function liveFleet(given: string | undefined, complain: (error: unknown) => void): () => Fleet {
  const { file, fleet: first } = loadFleet(given);
  let fleet = first;
  let seen = statSync(file).mtimeMs;
  let lookedAt = Date.now();
  return () => {
    if (Date.now() - lookedAt < lookEveryMs) return fleet;
    lookedAt = Date.now();
    try {
      const { mtimeMs } = statSync(file);
      if (mtimeMs === seen) return fleet;
      seen = mtimeMs;
      fleet = loadFleet(file).fleet;
    } catch (error) {
      complain(error);
    }
    return fleet;
  };
}
