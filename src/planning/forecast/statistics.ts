/** The mean; 0 of nothing. */
export function mean(values: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i]!;
  return values.length > 0 ? sum / values.length : 0;
}

/** The middle value; the upper one of two. */
export function median(values: ArrayLike<number>): number {
  return new Float64Array(values).sort()[values.length >> 1] ?? 0;
}

/** The quantile of sorted values, by a straight line between neighbours. */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const low = sorted[below]!;
  return below + 1 < sorted.length ? low + (place - below) * (sorted[below + 1]! - low) : low;
}

/** The path whose every step is the mean of the same step of all. */
export function meanPath(paths: readonly Float64Array[]): Float64Array {
  const sum = new Float64Array(paths[0]!.length);
  for (const path of paths) for (let i = 0; i < sum.length; i++) sum[i]! += path[i]!;
  return sum.map((value) => value / paths.length);
}
