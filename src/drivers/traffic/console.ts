import { Socket } from 'node:net';
import { Client, DatabaseError } from 'pg';
import { settingsOf, type Database } from '../load/database';

export type Row = Record<string, unknown>;

/**
 * What came of a question. `error`: it answered, with one. `late`: no answer within the deadline. `lost`: nobody listens, or
 * the connection ended.
 */
export type Answer = { says: 'rows'; rows: Row[] } | { says: 'error' | 'late' | 'lost'; why: string };

/** Of a server that begins or ends: it answers nothing that counts. */
const passing = /^57/;

/** Asks an admin console one thing, on a connection of its own. Consoles know simple queries only: no parameters. */
export async function askConsole(console: Database, question: string, deadlineMs: number): Promise<Answer> {
  // A socket of our own: a server that hangs would never let the library close its connection.
  const socket = new Socket();
  const client = new Client({ ...settingsOf(console), stream: () => socket });
  client.on('error', () => {}); // it also fails the question that is under way
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    socket.destroy();
  }, deadlineMs);
  try {
    await client.connect();
    const { rows } = await client.query<Row>(question);
    return { says: 'rows', rows };
  } catch (cause) {
    if (late) return { says: 'late', why: `nothing came within ${deadlineMs} ms` };
    const { message, code = '' } = cause as Error & { code?: string };
    return { says: isLost(cause as Error, code) ? 'lost' : 'error', why: message || code };
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

const isLost = (cause: Error, code: string): boolean =>
  cause instanceof DatabaseError
    ? passing.test(code)
    : 'syscall' in cause || /^Connection terminated/.test(cause.message);
