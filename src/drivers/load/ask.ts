import { readFileSync } from 'node:fs';
import * as http from 'node:http';
import * as https from 'node:https';
import { Refusal } from '../../contract/errors';
import type { Place } from './object';

export interface Question {
  /** In sentences. */
  what: string;
  place: Place;
  method: 'GET' | 'POST' | 'PATCH';
  url: string | URL;
  headers?: Record<string, string>;
  body?: string;
  /** A file with the certificates of a private authority. */
  ca?: string | undefined;
  signal: AbortSignal;
}

export interface Reply {
  status: number;
  headers: http.IncomingHttpHeaders;
  body: string;
}

const mostBytes = 64 * 1024 * 1024;
const connectMs = 5_000;

/** One HTTP request. Node's fetch knows no private authority; redirects are not followed: a token would follow them. */
export async function ask(question: Question): Promise<Reply> {
  try {
    return await once(question);
  } catch (cause) {
    if (cause instanceof Refusal) throw cause;
    const { code = '', message } = cause as NodeJS.ErrnoException;
    const { what, place } = question;
    const why = message || code;
    throw /CERT|TLS|SELF_SIGNED|UNABLE_TO/.test(code)
      ? new Refusal('SaidNo', { what, why, object: place.object }, { cause })
      : new Refusal('NoAnswer', { what, why, host: place.host.name }, { cause });
  }
}

/** The JSON of an answer that is 200 or so; everything else is a refusal. What may pass by itself is worth a retry. */
export function expectJson(reply: Reply, question: Pick<Question, 'what' | 'place'>): unknown {
  const { what, place } = question;
  const { status, body } = reply;
  if (status === 429 || status >= 500)
    throw new Refusal('NoAnswer', { what, why: `it answered ${status}${said(body)}`, host: place.host.name });
  if (status < 200 || status > 299)
    throw new Refusal('SaidNo', { what, why: `it answered ${status}${said(body)}`, object: place.object });
  try {
    return JSON.parse(body);
  } catch (cause) {
    throw new Refusal('SaidNo', { what, why: 'its answer is no JSON', object: place.object }, { cause });
  }
}

/** The sentence in an answer of an error, as far as it fits into a line. */
function said(body: string): string {
  let sentence = body;
  try {
    const { error, message } = JSON.parse(body) as { error?: unknown; message?: unknown };
    sentence = [error, message].find((one) => typeof one === 'string') ?? body;
  } catch {
    // No JSON: what it says is taken as it is.
  }
  const line = sentence.replaceAll(/\s+/g, ' ').trim().slice(0, 200);
  return line ? `: ${line}` : '';
}

function once({ method, url, headers, body, ca, signal }: Question): Promise<Reply> {
  const address = new URL(url);
  const secure = address.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const request = (secure ? https : http).request(address, {
      method,
      agent: false,
      signal,
      headers: { ...headers, ...(body !== undefined && { 'content-length': Buffer.byteLength(body) }) },
      ...(secure && ca !== undefined && { ca: readFileSync(ca) }),
    });
    request.once('socket', (socket) => {
      const give = () => request.destroy(new Error(`no connection within ${connectMs / 1000} s`));
      const timer = setTimeout(give, connectMs);
      const stop = () => clearTimeout(timer);
      socket.once(secure ? 'secureConnect' : 'connect', stop).once('close', stop);
    });
    request.on('error', reject);
    request.once('response', (response) => {
      read(response).then(
        (text) => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        reject,
      );
    });
    request.end(body);
  });
}

async function read(response: http.IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error(`the answer is longer than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
