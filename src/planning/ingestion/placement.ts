/** A storage item and the FSVM that holds it now. */
export interface PlacedItem {
  item: string;
  /** Ordinal of the existing FSVM. */
  ordinal: number;
  bytes: number;
  files: number;
}

export interface Placement<I extends PlacedItem = PlacedItem> {
  item: I;
  /** Ordinal of the new FSVM. */
  target: number;
  /** True when it stayed on the same ordinal. */
  home: boolean;
}

/** Creating a small file costs about as much as writing this many bytes of a large one (20,000 files of 4 to 16 KiB beside 512 MiB files). */
const bytesPerFile = 16 * 1024;
export const weightOf = ({ bytes, files }: { bytes: number; files: number }): number => bytes + files * bytesPerFile;

/** The share above its fair one that an FSVM may hold before items that would stay on their ordinal are placed elsewhere. */
const overFair = 1.05;

/**
 * A new FSVM for each item, based on its existing FSVM: the same ordinal (modulo the number of new ones), unless that
 * FSVM would then hold more than 1.05 of its fair share; those items go, largest first, to the least filled FSVM.
 * With `balance` capacity alone decides. Same items, same answer, in whatever order they are given.
 */
export function placeItems<I extends PlacedItem>(
  items: readonly I[],
  targets: number,
  { balance = false }: { balance?: boolean } = {},
): Placement<I>[] {
  const largestFirst = items.toSorted((a, b) => weightOf(b) - weightOf(a) || compareText(a.item, b.item));
  const fair = largestFirst.reduce((sum, item) => sum + weightOf(item), 0) / targets;
  const held = Array.from({ length: targets }, () => 0);
  const placed: Placement<I>[] = [];
  const put = (item: I, target: number, home: boolean) => {
    held[target]! += weightOf(item);
    placed.push({ item, target, home });
  };
  const homeless: I[] = [];
  for (const item of largestFirst) {
    const home = item.ordinal % targets;
    if (!balance && held[home]! + weightOf(item) <= overFair * fair) put(item, home, true);
    else homeless.push(item);
  }
  for (const item of homeless) {
    const home = item.ordinal % targets;
    const least = Math.min(...held);
    const target = held[home] === least ? home : held.indexOf(least);
    put(item, target, target === home);
  }
  return placed;
}

/** Order of code units: the same on every machine, whatever its locale. */
export const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
