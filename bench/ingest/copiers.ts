/** How a copy is to be made, where that differs from case to case. */
export interface Manner {
  /** The target holds an older state of the source. */
  again?: boolean;
  /** Return when the copy is on the platter. */
  durable?: boolean;
}

/** Ours, or a peer: something that makes a directory like another one. */
export interface Copier {
  name: string;
  copy(source: string, target: string, manner?: Manner): Promise<void>;
  /** CPU seconds that its processes have used so far. */
  cpu(): number;
}
