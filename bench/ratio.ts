/** Is a larger figure better, or a smaller one? */
export type Better = 'more' | 'less';

export interface Spread {
  median: number;
  min: number;
  max: number;
}

/** Two sides that were measured in the same rounds. `ratio.median` is that of the medians, its bounds those of the single pairs. */
export interface Comparison {
  ours: Spread;
  peer: Spread;
  ratio: Spread;
  runs: number;
}

export function compared(better: Better, ours: readonly number[], peer: readonly number[]): Comparison {
  if (ours.length === 0 || ours.length !== peer.length) {
    throw new Error(`${ours.length} figures of ours and ${peer.length} of the peer make no pairs`);
  }
  const pairs = ours.map((value, round) => ratioOf(better, value, peer[round]!));
  const [own, theirs] = [spreadOf(ours), spreadOf(peer)];
  return {
    ours: own,
    peer: theirs,
    ratio: { ...spreadOf(pairs), median: ratioOf(better, own.median, theirs.median) },
    runs: ours.length,
  };
}

/** Above 1 means that ours is better, whichever way "better" points; two zeros are as good as each other. */
export const ratioOf = (better: Better, ours: number, peer: number): number =>
  ours === peer ? 1 : better === 'more' ? ours / peer : peer / ours;

export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const median = sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
  return { median, min: sorted[0]!, max: sorted.at(-1)! };
}
