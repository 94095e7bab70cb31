import { statSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import {
  byCertificate,
  byToken,
  readTokens,
  type Authenticate,
  type Caller,
  type Tokens,
} from '../agent/authentication';
import { Refusal } from '../contract/errors';

/** The browser's token. Strict: it is sent from our own pages only, and it only reads. */
export const cookieName = 'evenkeel';

/** Tokens of the API: a list of `{name, role, token}` that nobody but its owner can read. */
export function readTokensFile(path: string): Tokens {
  let mode: number;
  try {
    ({ mode } = statSync(path));
  } catch (error) {
    throw new Refusal(
      'NoSuchFile',
      { path, why: error instanceof Error ? error.message : String(error) },
      { cause: error },
    );
  }
  if ((mode & 0o077) !== 0) throw new Refusal('OpenSecret', { path });
  return readTokens(path);
}

/** Who calls: by a bearer token, else a client certificate, else the browser's cookie, which may only look. */
export function authenticator(tokens: Tokens): Authenticate {
  const known = byToken(tokens);
  return (request) => {
    if (request.headers.authorization !== undefined) return known(request);
    const cookie = request.method === 'GET' ? cookieIn(request) : undefined;
    const socket = request.socket as Partial<TLSSocket>;
    // A resumed session without a certificate counts as authorized: the certificate itself must be there.
    const shown = socket.getPeerCertificate?.()?.subject !== undefined;
    if (shown && (socket.authorized || cookie === undefined)) return byCertificate(request);
    return cookie === undefined ? known(request) : callerOf(tokens, cookie);
  };
}

/** Who a token belongs to. */
export const callerOf = (tokens: Tokens, token: string): Caller =>
  byToken(tokens)({ headers: { authorization: `Bearer ${token}` } } as IncomingMessage);

function cookieIn({ headers }: IncomingMessage): string | undefined {
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  const value = pairs.find(([name]) => name === cookieName)?.[1];
  return value === undefined ? undefined : decodeURIComponent(value);
}
