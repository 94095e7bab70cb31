import type { Sent } from '../../contract/capabilities/copy';

/** The counters of what was sent; every field adds up. */
export type SentCounts = Sent;

export const nothingSent = (): SentCounts => ({
  items: 0,
  seen: 0,
  unchanged: 0,
  files: 0,
  bytes: 0,
  directories: 0,
  symlinks: 0,
  hardLinks: 0,
  deleted: 0,
  rereads: 0,
  failed: 0,
  special: 0,
  ownersNotSet: 0,
  linksAcrossItems: 0,
  durationMs: 0,
});

export const addSent = (a: SentCounts, b: SentCounts): SentCounts =>
  Object.fromEntries(
    Object.entries(a).map(([key, count]) => [key, count + b[key as keyof SentCounts]]),
  ) as unknown as SentCounts;
