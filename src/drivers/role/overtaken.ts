import { setTimeout as pause } from 'node:timers/promises';
import { overtakenBy } from '../../planning/failover/superseded';
import type { Host } from '../host';
import { othersSay } from './othersSay';
import { dataOf, placesOf, type Place } from './place';
import { postmasterOf } from './processes';
import { fenceUnder, mayServe, type Fencing } from './superseded';

/** How long others have to answer, how often they are asked, and how soon again before anybody is fenced, ms. */
export interface Rhythm {
  answerMs: number;
  everyMs: number;
  againMs: number;
}

/**
 * A primary that was cut off while another one took its place runs on when it is within reach again, and whoever reaches it
 * around the endpoint could write. Every host asks the forwarders for as long as its agent lives whether they lead elsewhere
 * by now; a member that hears so twice is fenced.
 */
export function fenceOvertaken(
  host: Host,
  role: Fencing,
  signal: AbortSignal,
  rhythm: Rhythm = { answerMs: 1_500, everyMs: 30_000, againMs: 3_000 },
): void {
  for (const place of placesOf(host)) void watchOver(place, role, signal, rhythm);
}

async function watchOver(
  place: Place,
  role: Fencing,
  signal: AbortSignal,
  { answerMs, everyMs, againMs }: Rhythm,
): Promise<void> {
  for (let heard: string | undefined; !signal.aborted;) {
    await pause(heard === undefined ? everyMs : againMs, undefined, { signal, ref: false }).catch(() => undefined);
    const before = heard;
    heard = undefined;
    try {
      if (signal.aborted || !runsAsPrimary(place)) continue;
      const said = await othersSay(place, { answerMs, signal, missed: () => {} }); // who is silent is asked again later
      const overtaken = said && !signal.aborted ? overtakenBy(said) : undefined;
      if (overtaken === undefined) continue;
      heard = overtaken.why;
      if (before === undefined) continue;
      place.host.log('overtaken while it ran on: it is fenced', { endpoint: place.endpoint, ...overtaken });
      await fenceUnder(place, role, overtaken.epoch);
    } catch (error) {
      place.host.log('not known whether it was overtaken', { endpoint: place.endpoint, why: String(error) });
    }
  }
}

/** Not one that is being stopped, made anew, or is a standby. */
const runsAsPrimary = (place: Place): boolean => mayServe(place) && postmasterOf(dataOf(place)) !== undefined;
