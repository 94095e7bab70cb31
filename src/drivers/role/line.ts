import { Client, DatabaseError, type QueryResultRow } from 'pg';
import type { Member } from '../../contract/endpoints';
import { Refusal } from '../../contract/errors';
import { readSecret } from '../load/secret';

/** Errors of a server that cannot serve now: it starts, stops, or has no connection left. */
const passing = /^(08|53|57)/;

/** One kept connection to a member. A question without an answer in time ends it: the next one begins anew. */
export class Line {
  private client: Client | undefined;
  private connected: Promise<unknown> | undefined;

  constructor(
    private readonly name: string,
    private readonly member: Member,
  ) {}

  /** Asks; what is asked here may be asked twice, so that a connection which ended meanwhile is no failure. */
  async ask<T extends QueryResultRow>(what: string, text: string, deadlineMs: number): Promise<T[]> {
    const until = Date.now() + deadlineMs;
    const kept = this.client !== undefined;
    try {
      return await this.once<T>(text, deadlineMs);
    } catch (error) {
      if (kept && isLost(error) && Date.now() < until) {
        return this.once<T>(text, until - Date.now()).catch((again: unknown) => {
          throw this.refusal(what, again);
        });
      }
      throw this.refusal(what, error);
    }
  }

  close(): void {
    const { client } = this;
    this.client = undefined;
    this.connected = undefined;
    client?.connection.stream.destroy();
  }

  private async once<T extends QueryResultRow>(text: string, deadlineMs: number): Promise<T[]> {
    const client = this.open();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Late(deadlineMs)), deadlineMs);
    });
    try {
      return await Promise.race([late, Promise.resolve(this.connected).then(() => client.query<T>(text))]).then(
        ({ rows }) => rows,
      );
    } catch (error) {
      if (!(error instanceof DatabaseError) || passing.test(error.code ?? '')) this.drop(client);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  private open(): Client {
    if (this.client) return this.client;
    const { address, port, user, database, password } = this.member;
    const client = new Client({
      ...{ host: address, port, user, database, application_name: 'evenkeel', keepAlive: true },
      ...(password && { password: readSecret(password) }),
    });
    client.on('error', () => this.drop(client)); // it also fails the question that is under way
    client.on('end', () => this.drop(client));
    this.client = client;
    this.connected = client.connect();
    this.connected.catch(() => this.drop(client)); // whoever asks gets the error
    return client;
  }

  private drop(client: Client): void {
    if (this.client === client) this.close();
  }

  private refusal(what: string, cause: unknown): Error {
    if (cause instanceof Refusal) return cause;
    const { message, code = '' } = cause as { message: string; code?: string };
    const why = message || code;
    return cause instanceof DatabaseError && !passing.test(code)
      ? new Refusal('DatabaseSaidNo', { member: this.name, what, why }, { cause })
      : new Refusal('DatabaseSilent', { member: this.name, why }, { cause });
  }
}

class Late extends Error {
  constructor(deadlineMs: number) {
    super(`no answer within ${deadlineMs} ms`);
  }
}

const isLost = (error: unknown): boolean =>
  !(error instanceof Late) && (!(error instanceof DatabaseError) || error.code === '57P01' || error.code === '57P02');

/** One question to a member of another host. */
export async function askOnce<T extends QueryResultRow>(
  name: string,
  member: Member,
  what: string,
  text: string,
  deadlineMs = 5_000,
): Promise<T[]> {
  const line = new Line(name, member);
  try {
    return await line.ask<T>(what, text, deadlineMs);
  } finally {
    line.close();
  }
}
