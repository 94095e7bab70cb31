import net from 'node:net';
import tls from 'node:tls';
import type { Duplex } from 'node:stream';
import { watchLink } from './link';
import { certificates, isAgent, nameOf, type Trust } from './trust';

/** Where what comes in is put: into `buffer()`, as far as `took` says. */
export interface Sink {
  buffer(): Buffer;
  took(bytes: number): void;
}

/** A connection that a peer made. */
export interface Incoming {
  /** Its certificate says that it is an agent; otherwise it must show the token. */
  proven: boolean;
  /** The host of its certificate: it may speak for no other. */
  name?: string | undefined;
  stream: Duplex;
}

/** What takes connections over, by their descriptors; `sinkFor` gives each the place for its bytes. */
export type TakeOver = (fd: number, sink: Sink, ready: (incoming: Incoming) => void) => Duplex;

export const takingOver = (trust: Trust): TakeOver => (trust.tls === undefined ? plain : secured(trust.tls));

/** Reads straight into the sink's buffer: half the copies of what a stream does. */
function plain(fd: number, sink: Sink, ready: (incoming: Incoming) => void): Duplex {
  const onread = {
    buffer: () => sink.buffer(),
    callback: (bytes: number) => {
      sink.took(bytes);
      return true;
    },
  };
  const options = { fd, readable: true, writable: true, onread };
  const socket = new net.Socket(options);
  watchLink(socket);
  ready({ proven: false, stream: socket });
  socket.resume();
  return socket;
}

/**
 * A server that listens nowhere takes the one connection that is brought to it. The files are read each time, since
 * certificates are renewed; while they do not fit together (one of them is renewed, the other not yet) the last good ones hold.
 */
function secured(files: NonNullable<Trust['tls']>): TakeOver {
  let good: ReturnType<typeof certificates> | undefined;
  const now = () => {
    try {
      const read = certificates(files);
      tls.createSecureContext(read);
      return (good = read);
    } catch (error) {
      if (good === undefined) throw error;
      return good;
    }
  };
  return (fd, sink, ready) => {
    const options = { ...now(), requestCert: true, rejectUnauthorized: true };
    const socket = new net.Socket({ fd, readable: true, writable: true });
    watchLink(socket);
    const server = tls.createServer(options, (stream) => {
      const certificate = stream.getPeerCertificate();
      ready({ proven: isAgent(certificate), name: nameOf(certificate), stream });
      pour(stream, sink);
    });
    server.emit('connection', socket);
    return socket;
  };
}

function pour(stream: Duplex, sink: Sink): void {
  stream.on('data', (data: Buffer) => {
    for (let at = 0; at < data.length;) {
      const n = data.copy(sink.buffer(), 0, at);
      sink.took(n);
      at += n;
    }
  });
}
