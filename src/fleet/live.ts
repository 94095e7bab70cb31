import { readFileSync } from 'node:fs';
import { whyOf } from '../contract/errors';
import type { Fleet } from '../contract/fleet';
import { findFleetFile, loadFleet } from './load';

/** How often the file is read for what goes on, ms, however often the fleet is asked for. */
const lookEveryMs = 1_000;

/** The fleet as its file says now. */
export interface LiveFleet {
  /** For what goes on: the last right one. */
  (): Fleet;
  /** For what begins: refuses with what is wrong in the file, since a pause or a freeze may have been written into it. */
  checked(): Fleet;
  /** For the looks of runs: one that begins is refused as `checked` does it, one under way is told what is wrong. */
  forLook(begins: boolean): { now: Fleet } & FleetFile;
}

/** What is wrong in the fleet file, while what it said before holds; left out when it is right. */
export interface FleetFile {
  fleetWrong?: string;
}

/**
 * The fleet as its file says now. A file that became wrong leaves the last right fleet in force and says so once: a typo
 * in an editor must not stop the runs that are under way.
 */
export function liveFleet(given: string | undefined, complain: (error: unknown) => void): LiveFleet {
  const file = findFleetFile(given);
  // The text and not the time of the last change: two saves may have one time, and an editor may put an older file back.
  let read: string | undefined = readFileSync(file, 'utf8');
  let { fleet } = loadFleet(file);
  let lookedAt = Date.now();
  let wrong: unknown;
  const look = () => {
    lookedAt = Date.now();
    try {
      const text = readFileSync(file, 'utf8');
      if (text === read) return;
      fleet = loadFleet(file).fleet;
      [read, wrong] = [text, undefined];
    } catch (error) {
      if (String(error) !== String(wrong)) complain(error);
      [read, wrong] = [undefined, error]; // what stood in the way may pass: it is read again at each look
    }
  };
  const live = () => {
    if (Date.now() - lookedAt >= lookEveryMs) look();
    return fleet;
  };
  const checked = () => {
    look(); // a pause may have been written a moment ago
    if (wrong !== undefined) throw wrong;
    return fleet;
  };
  const forLook = (begins: boolean) => {
    const now = begins ? checked() : live();
    return { now, ...(wrong !== undefined && { fleetWrong: whyOf(wrong) }) };
  };
  return Object.assign(live, { checked, forLook });
}
