import { Socket } from 'node:net';
import { Client, DatabaseError } from 'pg';
import type { Thing } from './protocol';

type Row = Record<string, unknown>;

/** One connection to a thing. It is opened by its first question, and never waits longer than its owner lets it. */
export class Line {
  private readonly socket = new Socket();
  private readonly client: Client;
  private opened: Promise<unknown> | undefined;
  private ended = false;

  /** `closed` is called once, when the other side (or a failure) has closed it. */
  constructor({ address, port, user, database, password }: Thing, closed: (line: Line) => void) {
    this.client = new Client({
      stream: () => this.socket,
      ...{ host: address, port, user, database, application_name: 'evenkeel watch' },
      ...(password !== undefined && { password }),
    });
    this.client.on('error', () => {}); // what is under way fails with it, and `close` follows
    this.socket.once('close', () => {
      if (!this.ended) closed(this);
      this.ended = true;
    });
  }

  /** The other side's kernel has answered: somebody listens. */
  get connected(): boolean {
    return !this.socket.connecting && !this.socket.pending;
  }

  async ask(sql: string): Promise<Row[]> {
    await (this.opened ??= this.client.connect());
    return (await this.client.query<Row>(sql)).rows;
  }

  /** Gives it up at once, with whatever is under way on it. */
  drop(): void {
    this.ended = true;
    this.socket.destroy();
  }
}

/** PostgreSQL says goodbye with these to a connection that it closes: its administrator, or a crash, wanted it. */
const goodbyes = /^57P0[12]$/;

/** What an error means. `cut`: the connection went away under the question, which is no news of the server unless it goes `on`. */
export function meaningOf(
  error: unknown,
  on: boolean,
): { says: 'refused' | 'unreachable' | 'cut' | 'failing'; why: string } {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  const why = message || code;
  if (error instanceof DatabaseError) return { says: !on && goodbyes.test(code) ? 'cut' : 'failing', why };
  if (code === 'ECONNREFUSED') return { says: 'refused', why: 'nothing listens' };
  if (/^E(HOST|NET)(UNREACH|DOWN)$|^ETIMEDOUT$|^EADDRNOTAVAIL$/.test(code)) return { says: 'unreachable', why };
  if (/^ECONNRESET$|^EPIPE$/.test(code) || /terminated|closed|not queryable/.test(message)) return { says: 'cut', why };
  return { says: 'failing', why };
}

/** A password that does not fit: it may have been changed meanwhile. */
export const isRejected = (error: unknown): boolean => {
  const { code = '', message = '' } = error as { code?: string; message?: string };
  return code === '28P01' || code === '28000' || /SASL|password/.test(message);
};
