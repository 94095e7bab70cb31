/** Something that happened, in a few words. */
export interface Phase {
  atMs: number;
  what: string;
}

/** The writes around a failure as people look at them. Moments are ms since the epoch of Unix. */
export interface OutagePicture {
  title: string;
  startMs: number;
  stepMs: number;
  /** Writes that were acknowledged within each step. */
  acknowledged: readonly number[];
  /** Writes that ended otherwise within each step. */
  missed: readonly number[];
  /** The longest time without a success. */
  gap?: { fromMs: number; toMs: number };
  /** The first is the failure: times are counted from it. */
  phases: readonly Phase[];
}

export interface WriteEnd {
  endMs?: number;
  outcome: 'acknowledged' | 'failed' | 'unknown';
}

/** Writes by their ends, from one moment to another. */
export function outagePicture(
  writes: readonly WriteEnd[],
  { fromMs, toMs, stepMs = 100 }: { fromMs: number; toMs: number; stepMs?: number },
  said: Pick<OutagePicture, 'title' | 'gap' | 'phases'>,
): OutagePicture {
  const steps = Math.max(1, Math.ceil((toMs - fromMs) / stepMs));
  const [acknowledged, missed] = [Array<number>(steps).fill(0), Array<number>(steps).fill(0)];
  for (const { endMs, outcome } of writes) {
    const step = endMs === undefined ? -1 : Math.floor((endMs - fromMs) / stepMs);
    const counts = outcome === 'acknowledged' ? acknowledged : missed;
    if (counts[step] !== undefined) counts[step]++;
  }
  return { ...said, startMs: fromMs, stepMs, acknowledged, missed };
}

export const endOf = ({ startMs, stepMs, acknowledged }: OutagePicture): number =>
  startMs + acknowledged.length * stepMs;

/** The largest number of writes that any step has; at least one. */
export const mostOf = ({ acknowledged, missed }: OutagePicture): number =>
  acknowledged.reduce((most, count, step) => Math.max(most, count + (missed[step] ?? 0)), 1);

/** From where times are counted. */
export const zeroOf = ({ phases, startMs }: OutagePicture): number => phases[0]?.atMs ?? startMs;

/** `+340 ms`, `-1.2 s`. */
export function sinceZero(picture: OutagePicture, atMs: number): string {
  const ms = Math.round(atMs - zeroOf(picture));
  const size = Math.abs(ms) < 1_000 ? `${Math.abs(ms)} ms` : `${Number((Math.abs(ms) / 1_000).toFixed(2))} s`;
  return `${ms < 0 ? '-' : '+'}${size}`;
}

/** Round moments, counted from the failure, at most `count` of them; whole seconds where that is enough. */
export function momentsOf(picture: OutagePicture, count: number): { atMs: number; label: string }[] {
  const [fromMs, toMs, zeroMs] = [picture.startMs, endOf(picture), zeroOf(picture)];
  const steps = [100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000];
  const step = steps.find((one) => (toMs - fromMs) / one <= count) ?? (toMs - fromMs) / count;
  const first = Math.ceil((fromMs - zeroMs) / step);
  const last = Math.floor((toMs - zeroMs) / step);
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => ({
    atMs: zeroMs + (first + i) * step,
    label: `${Number((((first + i) * step) / 1_000).toFixed(1))} s`,
  }));
}
