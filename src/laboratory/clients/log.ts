/**
 * The log of a client process: one JSON array a line, written before anything is sent and when the answer is there, so that
 * whatever dies, no attempt is forgotten. Moments are ms since the epoch of Unix, with a fraction.
 */
export type Line =
  | ['begin', connection: number, id: string, atMs: number]
  | ['end', id: string, atMs: number, outcome: Outcome, by: Server | null, why: string | null]
  | ['refused', connection: number, fromMs: number, atMs: number, address: string, why: string]
  | ['until', atMs: number];

/** `failed`: it is certain that nothing was written. `unknown`: an error, or no answer, and it may be there all the same. */
export type Outcome = 'acknowledged' | 'failed' | 'unknown';

/** Who took a write: its address as PostgreSQL says it, and its timeline, which grows with each promotion. */
export type Server = [address: string, timeline: number];

/** One write of one client. Without `endMs` nothing was heard of it before the log ended. */
export interface Attempt {
  connection: number;
  id: string;
  beginMs: number;
  endMs?: number;
  outcome: Outcome;
  server?: string;
  timeline?: number;
  why?: string;
}

/** A connection that did not come about. */
export interface Refused {
  connection: number;
  fromMs: number;
  atMs: number;
  address: string;
  why: string;
}

export interface ClientLog {
  attempts: Attempt[];
  refused: Refused[];
  /** When it was looked at for the last time. */
  untilMs: number;
}

/** Reads a log; a last line that is not whole was never written. */
export function readLog(text: string): ClientLog {
  const attempts = new Map<string, Attempt>();
  const refused: Refused[] = [];
  let untilMs = 0;
  for (const line of text
    .slice(0, text.lastIndexOf('\n') + 1)
    .split('\n')
    .filter(Boolean)) {
    const entry = JSON.parse(line) as Line;
    switch (entry[0]) {
      case 'begin': {
        const [, connection, id, beginMs] = entry;
        attempts.set(id, { connection, id, beginMs, outcome: 'unknown' });
        untilMs = Math.max(untilMs, beginMs);
        break;
      }
      case 'end': {
        const [, id, endMs, outcome, by, why] = entry;
        const attempt = attempts.get(id);
        if (!attempt) throw new Error(`the log ends ${id}, which it never began`);
        Object.assign(attempt, { endMs, outcome }, by && { server: by[0], timeline: by[1] }, why !== null && { why });
        untilMs = Math.max(untilMs, endMs);
        break;
      }
      case 'refused': {
        const [, connection, fromMs, atMs, address, why] = entry;
        refused.push({ connection, fromMs, atMs, address, why });
        untilMs = Math.max(untilMs, atMs);
        break;
      }
      case 'until':
        untilMs = Math.max(untilMs, entry[1]);
        break;
    }
  }
  return { attempts: [...attempts.values()], refused, untilMs };
}
