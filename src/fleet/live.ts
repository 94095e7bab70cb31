import { statSync } from 'node:fs';
import type { Fleet } from '../contract/fleet';
import { loadFleet } from './load';

/** How often the file is looked at, ms, however often the fleet is asked for. */
const lookEveryMs = 1_000;

/** The fleet as its file says now. */
export interface LiveFleet {
  /** For what goes on: the last right one. */
  (): Fleet;
  /** For what begins: refuses with what is wrong in the file, since a pause or a freeze may have been written into it. */
  checked(): Fleet;
}

/**
 * The fleet as its file says now. A file that became wrong leaves the last right fleet in force and says so once: a typo
 * in an editor must not stop the runs that are under way.
 */
export function liveFleet(given: string | undefined, complain: (error: unknown) => void): LiveFleet {
  const { file, fleet: first } = loadFleet(given);
  let fleet = first;
  let seen = statSync(file).mtimeMs;
  let lookedAt = Date.now();
  let wrong: unknown;
  const live = () => {
    if (Date.now() - lookedAt < lookEveryMs) return fleet;
    lookedAt = Date.now();
    try {
      const { mtimeMs } = statSync(file);
      if (mtimeMs === seen) return fleet;
      seen = mtimeMs;
      fleet = loadFleet(file).fleet;
      wrong = undefined;
    } catch (error) {
      wrong = error;
      complain(error);
    }
    return fleet;
  };
  const checked = () => {
    const now = live();
    if (wrong !== undefined) throw wrong;
    return now;
  };
  return Object.assign(live, { checked });
}
