import { createHash, timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import type { TLSSocket } from 'node:tls';
import { z } from 'zod';
import { Refusal } from '../contract/errors';
import { mayActAs, roles, type Role } from '../contract/roles';

export interface Caller {
  name: string;
  role: Role;
}

export const Tokens = z
  .array(z.strictObject({ name: z.string().min(1), role: z.enum(roles), token: z.string().min(8) }))
  .min(1);
export type Tokens = z.output<typeof Tokens>;

export type Authenticate = (request: IncomingMessage) => Caller;

/** Reads a file of tokens: a JSON list of `{ name, role, token }`. */
export const readTokens = (file: string): Tokens => Tokens.parse(JSON.parse(readFileSync(file, 'utf8')));

/** Who calls, by bearer token. For loopback only: a token would travel in the clear. */
export function byToken(tokens: Tokens): Authenticate {
  const known = tokens.map(({ name, role, token }) => ({ name, role, digest: digest(token) }));
  return (request) => {
    const given = /^Bearer +(.+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (given === undefined) throw new Refusal('Unauthenticated', { why: 'no token came with the request' });
    const givenDigest = digest(given);
    const matches = known.filter((one) => timingSafeEqual(one.digest, givenDigest));
    if (!matches[0]) throw new Refusal('Unauthenticated', { why: 'the token is not known here' });
    return { name: matches[0].name, role: matches[0].role };
  };
}

/** Who calls, by a client certificate of the fleet's own authority: CN is the name, OU the role. */
export const byCertificate: Authenticate = (request) => {
  const socket = request.socket as TLSSocket;
  const subject = socket.getPeerCertificate()?.subject as
    { CN?: string | string[]; OU?: string | string[] } | undefined;
  if (!subject) throw new Refusal('Unauthenticated', { why: 'no client certificate came with the connection' });
  if (!socket.authorized) {
    throw new Refusal('Unauthenticated', { why: `the client certificate is not good: ${socket.authorizationError}` });
  }
  const role = roles.find((one) => one === subject.OU);
  if (typeof subject.CN !== 'string' || !role) {
    throw new Refusal('Unauthenticated', { why: 'the client certificate names nobody (CN) or no role (OU)' });
  }
  return { name: subject.CN, role };
};

export function demand(caller: Caller, needs: Role, what: string): void {
  if (!mayActAs(caller.role, needs))
    throw new Refusal('WrongRole', { who: caller.name, role: caller.role, what, needs });
}

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
