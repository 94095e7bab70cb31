/** What a client process is told on its command line, as JSON. */
export interface ClientPlan {
  /** A name and who resolves it, or an address. */
  to: { name: string; resolver: string } | { address: string };
  port: number;
  connections: number;
  /** Writes a second, over all connections. */
  perSecond: number;
  connectTimeoutMs: number;
  /** How long a write waits for its answer; left out, for ever. */
  queryTimeoutMs?: number;
  /** Before the number of each write: no two client processes share one. */
  tag: string;
  logFile: string;
}

/** What it tells ten times a second: sums since its start. */
export interface Counters {
  atMs: number;
  acknowledged: number;
  failed: number;
  unknown: number;
  /** Connections that did not come about. */
  refused: number;
  connected: number;
  /** Writes without an answer yet, and for how long the oldest of them has waited. */
  waiting: number;
  oldestMs: number;
  /** Who acknowledged the last write. */
  server?: string;
  timeline?: number;
  /** Why the last one failed. */
  why?: string;
}

export type ToClients = 'stop';
