/** What one pass sent. */
export interface PassSent {
  bytes: number;
  files: number;
  deleted: number;
}

/**
 * One more delta pass before the cutover? The first pass is the base; deltas follow until one is small, none shrinks any
 * more (the source changes as fast as it is copied), or `maxPasses` is reached.
 */
export function anotherPass(
  passes: readonly PassSent[],
  { maxPasses, smallDeltaBytes }: { maxPasses: number; smallDeltaBytes: number },
): boolean {
  const last = passes.at(-1);
  if (!last) return true;
  if (passes.length >= maxPasses) return false;
  if (passes.length === 1) return last.bytes > 0 || last.files > 0;
  const before = passes.at(-2)!;
  return last.bytes > smallDeltaBytes && last.bytes < before.bytes;
}
