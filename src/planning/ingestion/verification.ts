import { compareText } from './placement';

/** One item as one side sees it. */
export interface Seen {
  item: string;
  digest: string;
}

/** The items whose digests are not the same on both sides, or that one side does not have. */
export function differing(source: readonly Seen[], target: readonly Seen[]): string[] {
  const there = new Map(target.map(({ item, digest }) => [item, digest]));
  const here = new Set(source.map(({ item }) => item));
  return [
    ...source.filter(({ item, digest }) => there.get(item) !== digest).map(({ item }) => item),
    ...target.filter(({ item }) => !here.has(item)).map(({ item }) => item),
  ].toSorted(compareText);
}
