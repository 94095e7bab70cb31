/** What the agent and its mover say to each other over the IPC channel. */
export interface MoverConfig {
  name: string;
  roots: readonly string[];
  /** The mover's own directory. */
  stateDir: string;
  bulk: { address: string; port: number };
  trust: { token?: string | undefined; tls?: { ca: string; cert: string; key: string } | undefined };
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
  | { there: number; address?: string; port?: number; failed?: Failed };

export type FromMover =
  | { ready: true }
  | { done: number; output?: unknown; failed?: Failed }
  | { progress: number; value: unknown }
  | { where: number; host: string }
  | { log: string; facts?: { [key: string]: unknown } | undefined };
