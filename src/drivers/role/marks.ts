import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { replaceDurably } from '../durable';
import type { Place } from './place';

/** Kept on disk before anything is killed: this member is kept down until it follows, rejoins or is reinstated. */
export interface Mark {
  epoch: number;
  /** ISO 8601. */
  since: string;
  because: 'fenced' | 'demoted';
  /** The one process that is not killed for it: it is stopping. */
  spares?: { pid: number; birth: string };
}

/** Kept on disk before a standby is promoted: asked again under the same epoch, it is known that we did it. */
interface Promotion {
  epoch: number;
}

/** Kept on disk before a member is started again: an order to keep it down that is not newer came late. */
interface Reinstatement {
  epoch: number;
}

const fileOf = ({ host, endpoint }: Place, kind: 'down' | 'promotion' | 'reinstatement'): string =>
  join(host.stateDir, 'role', `${endpoint}.${kind}.json`);

export const readMark = (place: Place): Mark | undefined => read(fileOf(place, 'down')) as Mark | undefined;

/** The higher epoch stays: an older one never makes it weaker. */
export function writeMark(place: Place, mark: Omit<Mark, 'since'>): void {
  const known = readMark(place);
  const epoch = Math.max(mark.epoch, known?.epoch ?? 0);
  const since = known?.since ?? new Date().toISOString();
  replaceDurably(fileOf(place, 'down'), JSON.stringify({ ...mark, epoch, since } satisfies Mark));
}

export function removeMark(place: Place): void {
  rmSync(fileOf(place, 'down'), { force: true });
}

export const readPromotion = (place: Place): Promotion | undefined =>
  read(fileOf(place, 'promotion')) as Promotion | undefined;

export function writePromotion(place: Place, promotion: Promotion): void {
  replaceDurably(fileOf(place, 'promotion'), JSON.stringify(promotion));
}

export const readReinstatement = (place: Place): Reinstatement | undefined =>
  read(fileOf(place, 'reinstatement')) as Reinstatement | undefined;

export function writeReinstatement(place: Place, reinstatement: Reinstatement): void {
  replaceDurably(fileOf(place, 'reinstatement'), JSON.stringify(reinstatement));
}

/** The epoch of the newest order that made the member the primary, or left it one; 0 where there was none. */
export const orderedPrimary = (place: Place): number =>
  Math.max(readPromotion(place)?.epoch ?? 0, readReinstatement(place)?.epoch ?? 0);

function read(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error; // a mark that cannot be read must not look like none
  }
}
