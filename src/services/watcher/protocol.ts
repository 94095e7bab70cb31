import type { Sight } from '../../contract/sights';

/** One thing that is asked again and again: a member of an endpoint, or a node of a pair of proxies. */
export interface Thing {
  /** The endpoint or pair, and the member or node in it. */
  target: string;
  name: string;
  kind: 'database' | 'proxy';
  address: string;
  port: number;
  user: string;
  database: string;
  password?: string;
  /** ms between two requests; ms after which one counts as missed; how many misses in a row count as silence. */
  probe: { every: number; deadline: number; misses: number };
  /** It is on the observer's own host, so that its process can be watched too. */
  own: boolean;
  /** The data directory of a database on this host. */
  data?: string;
}

/** Sights of one target by member or node. */
export type Sights = Record<string, Sight>;

/** When the writes to the members of one target succeeded since the last beat, ms since the epoch of Unix. */
export type Wrote = Record<string, number[]>;

/** What the driver tells the watcher. */
export type ToWatcher =
  { start: { observer: string; things: Thing[] } } | { password: string; target: string; name: string };

/** What the watcher tells its driver: what a verdict could rest on at once, everything with each beat, which says that it lives. */
export type FromWatcher =
  | { seen: Pick<Thing, 'target' | 'name'>; sight: Sight }
  | { beat: Record<string, Sights>; wrote: Record<string, Wrote>; atMs: number; starvedMs: number }
  | { rejected: Pick<Thing, 'target' | 'name'> }
  | { log: string; facts?: Record<string, unknown> };

/** Time between two beats, ms. */
export const beatMs = 200;
