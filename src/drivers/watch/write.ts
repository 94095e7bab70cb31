import { Socket } from 'node:net';
import { Client } from 'pg';
import type { WatchInput } from '../../contract/capabilities/watch';
import { Refusal } from '../../contract/errors';
import type { EndpointEntry } from '../../contract/endpoints';
import type { CapabilityOf, Host } from '../host';
import { readSecret } from '../load/secret';

/** A commit that waits for whatever the server's own settings make it wait for: as an application's would. */
const statement = (host: string) => `select host(inet_server_addr()) as server,
  pg_walfile_name(pg_current_wal_insert_lsn()) as segment,
  pg_logical_emit_message(true, 'evenkeel', '${host.replaceAll("'", "''")}')`;

/** A real write through any address, with the login that the members share. */
export async function write(
  host: Host,
  { members }: EndpointEntry,
  { address, port, deadlineMs }: WatchInput<'write'>,
): ReturnType<CapabilityOf<'watch'>['write']> {
  const [{ user, database, password } = { user: 'postgres', database: 'postgres', password: undefined }] =
    Object.values(members);
  const sinceMs = performance.now();
  const socket = new Socket();
  const client = new Client({
    ...{ host: address, port, user, database, application_name: 'evenkeel write', stream: () => socket },
    ...(password && { password: readSecret(password) }),
  });
  let broken: Error | undefined;
  client.on('error', (error) => (broken ??= error)); // it also fails the query that is under way
  const late = setTimeout(() => {
    broken ??= new Error(`nothing came within ${deadlineMs} ms`);
    socket.destroy();
  }, deadlineMs);
  try {
    await client.connect();
    const { rows } = await client.query<{ server: string; segment: string }>(statement(host.name));
    const [row] = rows;
    const tookMs = Math.round((performance.now() - sinceMs) * 10) / 10;
    return { server: row?.server ?? address, timeline: Number.parseInt(row?.segment.slice(0, 8) ?? '0', 16), tookMs };
  } catch (cause) {
    const { message, code = '' } = (broken ?? cause) as { message: string; code?: string };
    throw new Refusal('WriteFailed', { address, port, why: message || code }, { cause });
  } finally {
    clearTimeout(late);
    socket.destroy();
  }
}
