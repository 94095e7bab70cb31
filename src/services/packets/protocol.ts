/** An address and a port of TCP. */
export interface Place {
  address: string;
  port: number;
}

/** Segments to send, each in the name of `from`. One line of JSON. */
export interface Order {
  /** Of each packet, so that rules know it. */
  mark: number;
  segments: { from: Place; to: Place }[];
}

/** One line of JSON. `why` is there when it could not send all of them. */
export interface Answer {
  sent: number;
  why?: string;
}
