import type { Resize } from '../../contract/resizes';
import type { Series } from '../../contract/series';
import type { Lease } from '../../contract/operations';
import type { Host } from '../host';

/** Whole steps of a series, from `startMs` on. */
export interface Span {
  startMs: number;
  stepMs: number;
  steps: number;
}

/** One value a step; null where nothing was measured. */
export type Values = (number | null)[];

/** Where the load of one object comes from. It answers with what was measured and makes nothing up. */
export interface Source {
  /** In sentences and answers: `/srv/load.csv`, `Prometheus at http://…`. No secret is in it. */
  what: string;
  read(span: Span, signal: AbortSignal): Promise<Values>;
}

/** What is to become of a size, and on whose word. */
export interface Order {
  size: number;
  was: number | null;
  lease: Lease;
  because: string;
}

/** How one object is resized. It is asked for one resize at a time. */
export interface Resizer {
  what: string;
  unit: string;
  /** Sizes that differ by less are the same: what the thing itself rounds to. Whole units have 1. */
  grain: number;
  /** False when nobody can ask for the present size; `read` then answers null. */
  tells: boolean;
  /** How long a new size may take until it is in force, ms. */
  settleMs?: number;
  /** Null when no limit is set, or its parts differ. */
  read(signal: AbortSignal): Promise<number | null>;
  write(order: Order, signal: AbortSignal): Promise<void>;
}

export interface Place {
  object: string;
  host: Host;
}

export type SourceOf<F extends Series['from']> = (config: Extract<Series, { from: F }>, place: Place) => Source;
export type ResizerOf<B extends Resize['by']> = (config: Extract<Resize, { by: B }>, place: Place) => Resizer;

/** The drivers of this capability, each loaded when the first object needs it. */
export interface LoadTables {
  sources: { [F in Series['from']]?: () => Promise<SourceOf<F>> };
  resizers: { [B in Resize['by']]?: () => Promise<ResizerOf<B>> };
}
