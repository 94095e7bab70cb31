import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import type { Duplex } from 'node:stream';
import { Refusal } from '../../contract/errors';
import { isLoopback } from '../../contract/loopback';
import { watchLink } from './link';

/** How two agents know each other on the bulk port. */
export interface Trust {
  token?: string | undefined;
  tls?: { ca: string; cert: string; key: string } | undefined;
}

export const certificates = (files: NonNullable<Trust['tls']>) => ({
  ca: readFileSync(files.ca),
  cert: readFileSync(files.cert),
  key: readFileSync(files.key),
});

/** The role stands in the certificate's subject, as OU. */
export const isAgent = (certificate: tls.PeerCertificate): boolean => {
  const units: string | string[] | undefined = certificate.subject?.OU;
  return units === 'agent' || (Array.isArray(units) && units.includes('agent'));
};

export const nameOf = (certificate: tls.PeerCertificate): string | undefined => {
  const name: string | string[] | undefined = certificate.subject?.CN;
  return typeof name === 'string' ? name : undefined;
};

export function sameToken(given: string | undefined, known: string | undefined): boolean {
  if (given === undefined || known === undefined || known === '') return false;
  const a = Buffer.from(given);
  const b = Buffer.from(known);
  return a.length === b.length && timingSafeEqual(a, b);
}

/** Where a peer takes bulk data. Its certificate must carry its name in the fleet. */
export interface Peer {
  host: string;
  address: string;
  port: number;
}

/** A connection to a peer's door: mutual TLS, or plain on loopback. */
export function dial({ host, address, port }: Peer, trust: Trust, timeoutMs: number): Promise<Duplex> {
  if (trust.tls === undefined && !isLoopback(address)) {
    throw new Refusal('Unauthenticated', { why: `${address} is not loopback, and there are no certificates for it` });
  }
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: address, port });
    const late = setTimeout(() => socket.destroy(new Error('no answer')), timeoutMs);
    const done = (stream: Duplex) => {
      clearTimeout(late);
      stream.removeAllListeners('error');
      stream.on('error', () => undefined); // 'close' follows, and is what counts
      resolve(stream);
    };
    socket.once('error', reject);
    socket.once('close', () => {
      clearTimeout(late);
      reject(new Error('closed'));
    });
    socket.once('connect', () => {
      watchLink(socket);
      if (trust.tls === undefined) return done(socket);
      const secure = tls.connect({
        socket,
        ...certificates(trust.tls),
        checkServerIdentity: (_name, certificate) =>
          isAgent(certificate) && nameOf(certificate) === host
            ? undefined
            : new Error(`the peer is not the agent of ${host}`),
      });
      secure.once('error', reject);
      secure.once('secureConnect', () => done(secure));
    });
  });
}
