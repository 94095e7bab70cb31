import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import type { PeerCertificate } from 'node:tls';
import { Refusal } from '../contract/errors';
import { setTcp } from '../services/tcp';
import { version, versionHeader } from './version';

export interface AgentAddress {
  /** Its name in the fleet file; its certificate must carry it. */
  host: string;
  url: string;
  token?: string;
  /** Files made by `evenkeel certs`. */
  tls?: { ca: string; cert: string; key: string };
}

export interface Asking {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  path: string;
  body?: unknown;
  /** How long the answer may take, ms. */
  timeoutMs: number;
  signal?: AbortSignal;
}

export interface Answer {
  status: number;
  body: unknown;
}

const connectMs = 3_000;
/**
 * A kept connection that nobody confirms anything on is given up as soon as a new one would be. Without it, what is sent into a
 * partition is repeated by the kernel at ever longer intervals, and heard half a minute after the partition has ended.
 */
const unconfirmedMs = connectMs;

/**
 * HTTP with kept connections. Node's own fetch takes no client certificate, so this speaks node:http and node:https.
 * What does not come back is `AgentUnreachable`; what comes back is an answer, whatever its status.
 */
export class Transport {
  private readonly agent: http.Agent;
  private readonly base: URL;

  constructor(private readonly address: AgentAddress) {
    this.base = new URL(address.url);
    const secure = this.base.protocol === 'https:';
    this.agent = secure
      ? new https.Agent({ keepAlive: true, ...identity(address) })
      : new http.Agent({ keepAlive: true });
  }

  async ask(asking: Asking): Promise<Answer> {
    asking.signal?.throwIfAborted();
    try {
      return await this.once(asking);
    } catch (error) {
      if (asking.signal?.aborted) throw asking.signal.reason;
      if (error instanceof Reused) return this.again(asking);
      throw this.unreachable(error);
    }
  }

  close(): void {
    this.agent.destroy();
  }

  /** A kept connection that the other side had closed already: nobody has seen the request. */
  private async again(asking: Asking): Promise<Answer> {
    try {
      return await this.once(asking);
    } catch (error) {
      if (asking.signal?.aborted) throw asking.signal.reason;
      throw this.unreachable(error);
    }
  }

  private once({ method, path, body, timeoutMs, signal }: Asking): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const { token } = this.address;
    return new Promise((resolve, reject) => {
      const request = (this.base.protocol === 'https:' ? https : http).request(new URL(path, this.base), {
        method,
        agent: this.agent,
        headers: {
          [versionHeader]: version,
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...(text !== undefined && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
        },
      });
      const give = (why: string) => () => request.destroy(new Error(why));
      const deadline = setTimeout(give(`no answer within ${timeoutMs / 1000} s`), timeoutMs);
      const abort = give('aborted');
      signal?.addEventListener('abort', abort, { once: true });
      const settle = () => {
        clearTimeout(deadline);
        signal?.removeEventListener('abort', abort);
      };
      request.once('socket', (socket) => {
        if (!socket.connecting) return;
        socket.once('connect', () => setTcp(socket, { userTimeoutMs: unconfirmedMs }));
        const timer = setTimeout(give(`no connection within ${connectMs / 1000} s`), connectMs);
        const stop = () => clearTimeout(timer);
        socket.once(this.base.protocol === 'https:' ? 'secureConnect' : 'connect', stop).once('close', stop);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        settle();
        reject(
          request.reusedSocket && /^(ECONNRESET|EPIPE)$/.test(error.code ?? '')
            ? new Reused('', { cause: error })
            : error,
        );
      });
      request.once('response', (response) => {
        read(response).then(resolve, reject).finally(settle);
      });
      request.end(text);
    });
  }

  private unreachable(error: unknown): Refusal {
    const { host, url } = this.address;
    const { code, message } = error as NodeJS.ErrnoException;
    return new Refusal('AgentUnreachable', { host, url, why: message || (code ?? 'unknown') }, { cause: error });
  }
}

class Reused extends Error {}

async function read(response: http.IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  const status = response.statusCode ?? 0;
  try {
    return { status, body: JSON.parse(text) };
  } catch (cause) {
    throw new Error(`answered ${status} with something that is no JSON`, { cause });
  }
}

/** The fleet's authority vouches for names, not addresses: a host may move, its certificate still says which host it is. */
function identity({ host, tls }: AgentAddress): https.AgentOptions {
  if (!tls) return {};
  return {
    ca: readFileSync(tls.ca),
    cert: readFileSync(tls.cert),
    key: readFileSync(tls.key),
    checkServerIdentity: (_: string, certificate: PeerCertificate) =>
      certificate.subject.CN === host
        ? undefined
        : new Error(`its certificate is that of ${String(certificate.subject.CN)}`),
  };
}
