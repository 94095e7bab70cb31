import { timingSafeEqual } from 'node:crypto';
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import type { Duplex } from 'node:stream';
import { Refusal } from '../../contract/errors';
import { dup, must, setsockopt } from './sys';

/** How two agents know each other on the bulk port. */
export interface Trust {
  token?: string | undefined;
  tls?: { ca: string; cert: string; key: string } | undefined;
}

const IPPROTO_TCP = 6;
const TCP_USER_TIMEOUT = 18;
const DEAD_AFTER_MS = 5_000; // a link that takes nothing for so long is cut

/** The kernel watches the link, so that a busy process is not taken for a dead one. */
export function watchLink(socket: net.Socket): void {
  socket.setNoDelay(true);
  socket.setKeepAlive(true, 1_000);
  const fd = descriptorOf(socket);
  if (fd === undefined) return; // closed already
  const int = (value: number) => Buffer.from(Uint32Array.of(value).buffer);
  setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, int(DEAD_AFTER_MS), 4);
  setsockopt(fd, IPPROTO_TCP, 5, int(1), 4); // TCP_KEEPINTVL, s
  setsockopt(fd, IPPROTO_TCP, 6, int(4), 4); // TCP_KEEPCNT
}

export const isLoopback = (address: string | undefined): boolean =>
  address !== undefined && (/^(::ffff:)?127\./.test(address) || address === '::1' || address === 'localhost');

const certificates = (trust: NonNullable<Trust['tls']>) => ({
  ca: readFileSync(trust.ca),
  cert: readFileSync(trust.cert),
  key: readFileSync(trust.key),
});

/** The role stands in the certificate's subject, as OU. */
const isAgent = (certificate: tls.PeerCertificate): boolean => {
  const units: string | string[] | undefined = certificate.subject?.OU;
  return units === 'agent' || (Array.isArray(units) && units.includes('agent'));
};

const nameOf = (certificate: tls.PeerCertificate): string | undefined => {
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

/** Where what comes in is put: into `buffer()`, as far as `took` says. */
export interface Sink {
  buffer(): Buffer;
  took(bytes: number): void;
}
export interface Incoming {
  /** Its certificate says that it is an agent; otherwise it must show the token. */
  proven: boolean;
  /** The host of its certificate: it may speak for no other. */
  name?: string | undefined;
  from: string;
  /** Begins to read. */
  read(sink: Sink): Duplex;
}

function pour(stream: Duplex, sink: Sink): Duplex {
  stream.on('data', (data: Buffer) => {
    for (let at = 0; at < data.length;) {
      const n = data.copy(sink.buffer(), 0, at);
      sink.took(n);
      at += n;
    }
  });
  return stream;
}

/** Reads straight into the sink's buffer: half the copies of what a stream does. Only a socket made by us can, so it is made from the same connection. */
function readInto(socket: net.Socket, open: Set<net.Socket>, sink: Sink): Duplex {
  const fd = descriptorOf(socket);
  if (fd === undefined) return pour(socket, sink);
  const onread = {
    buffer: () => sink.buffer(),
    callback: (bytes: number) => {
      sink.took(bytes);
      return true;
    },
  };
  const options = { fd: must(dup(fd), 'dup'), readable: true, writable: true, onread };
  const own = new net.Socket(options);
  socket.destroy();
  open.add(own);
  own.once('close', () => open.delete(own));
  own.on('error', () => undefined); // 'close' follows
  own.resume();
  return own;
}

function descriptorOf(socket: net.Socket): number | undefined {
  // oxlint-disable-next-line no-underscore-dangle -- there is no other way to the descriptor
  const fd = (socket as unknown as { _handle?: { fd?: number } })._handle?.fd;
  return fd === undefined || fd < 0 ? undefined : fd;
}

/** Takes connections; each is known to be an agent's, or comes from loopback and must still show the token. */
export function listen(
  at: { address: string; port: number },
  trust: Trust,
  take: (incoming: Incoming) => void,
): Promise<{ port: number; close(): void }> {
  const open = new Set<net.Socket>();
  const refuse = (stream: Duplex): void => void stream.destroy();
  const onSecure = (stream: tls.TLSSocket) => {
    if (!stream.authorized) return refuse(stream);
    const certificate = stream.getPeerCertificate();
    take({
      proven: isAgent(certificate),
      name: nameOf(certificate),
      from: stream.remoteAddress ?? '',
      read: (sink) => pour(stream, sink),
    });
  };
  const onPlain = (socket: net.Socket) => {
    if (!isLoopback(socket.remoteAddress) || !isLoopback(socket.localAddress)) return refuse(socket);
    take({ proven: false, from: socket.remoteAddress ?? '', read: (sink) => readInto(socket, open, sink) });
  };
  const server =
    trust.tls === undefined
      ? net.createServer({ pauseOnConnect: true }, onPlain)
      : tls.createServer({ ...certificates(trust.tls), requestCert: true, rejectUnauthorized: true }, onSecure);
  server.on('connection', (socket: net.Socket) => {
    open.add(socket);
    watchLink(socket);
    socket.on('error', () => undefined); // 'close' follows
    socket.once('close', () => open.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: at.address, port: at.port }, () => {
      resolve({
        port: (server.address() as net.AddressInfo).port,
        close: () => {
          server.close();
          for (const socket of open) socket.destroy();
        },
      });
    });
  });
}
