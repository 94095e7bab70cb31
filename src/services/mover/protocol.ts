import type { Lease } from '../../contract/operations';
import type { Trust } from './trust';
import type { Claim } from './writers';

/** What the agent and its mover say to each other over the IPC channel. */
export interface MoverConfig {
  name: string;
  roots: readonly string[];
  /** The mover's own directory. */
  stateDir: string;
  bulk: { address: string; port: number };
  trust: Trust;
}

export type Failed = {
  code?: string | undefined;
  facts?: { [key: string]: string | number } | undefined;
  message: string;
};

export type ToMover =
  | { start: MoverConfig }
  | { call: number; operation: string; input: unknown; job?: string }
  | { cancel: number }
  /** Where a peer's door is: the answer to `where`. */
  | { there: number; address?: string; port?: number; failed?: Failed }
  /** The lease is held, or is not to be had: the answer to `hold`. */
  | { held: number; failed?: Failed }
  /** A newer run has it: what goes on under it must end. */
  | { yield: number };

export type FromMover =
  | { ready: true }
  | { done: number; output?: unknown; failed?: Failed }
  | { progress: number; value: unknown }
  | { where: number; host: string }
  /** Bulk data comes in under this lease, from now until `release`. */
  | { hold: number; lease: Lease }
  | { release: number }
  | { log: string; facts?: { [key: string]: unknown } | undefined };

/** What the door and its receivers, threads of the mover, say to each other; guests by their numbers. */
export type ToReceiver =
  | { take: number; fd: number; from: string }
  /** The answer to `enter`. */
  | { entered: number; failed?: Failed }
  | { end: number };

export type FromReceiver =
  | { enter: number; claim: Claim }
  | { left: number }
  | { gone: number }
  | { log: string; facts?: { [key: string]: unknown } | undefined };
