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

/** More than this share of the source, and more than this many, is not what users delete in the last minutes: is it still mounted? */
const manyShare = 0.05;
const manyEntries = 100;

export const deletedTooMuch = ({ deleted }: PassSent, files: number): boolean =>
  deleted > manyEntries && deleted > manyShare * files;

/** Items that stand on the source now and are not in the plan, among those that were asked for. */
export function newcomers(
  there: readonly string[],
  planned: ReadonlySet<string>,
  { items, excludeItems }: { items: readonly string[]; excludeItems: readonly string[] },
): string[] {
  const wanted = (item: string) => (items.length === 0 || items.includes(item)) && !excludeItems.includes(item);
  return there.filter((item) => wanted(item) && !planned.has(item)).toSorted();
}
