import { setTimeout as sleep } from 'node:timers/promises';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Tokens } from '../../agent/authentication';
import { Refusal } from '../../contract/errors';
import { callerOf, cookieName } from '../access';
import type { Board } from '../board';
import { loginDocument, statusDocument } from './document';
import { script } from './script';
import { style } from './style';
import { Shown } from './swaps';

export interface PageParts {
  board: Board;
  tokens: Tokens;
  /** Behind TLS the cookie is for TLS only. */
  secure: boolean;
  /** Throws unless the caller may look. */
  admit: (request: FastifyRequest) => unknown;
}

const lookEvery = 1_000;
/** A comment keeps proxies from closing a stream on which nothing happens. */
const keepOpenEvery = 15_000;

/** Nothing from elsewhere, nothing inline: what a run's name says can never become a script. */
const policy =
  "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";

/** The status page: read-only, rendered here, kept fresh by one stream of fragments. */
export function addPage(app: FastifyInstance, parts: PageParts): void {
  const { board, tokens } = parts;
  app.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_, body, done) =>
    done(null, Object.fromEntries(new URLSearchParams(body as string))),
  );
  app.get('/page.css', async (_, reply) => reply.type('text/css').header('cache-control', 'no-cache').send(style));
  app.get('/page.js', async (_, reply) =>
    reply.type('text/javascript').header('cache-control', 'no-cache').send(script),
  );
  app.get('/', async (request, reply) => {
    const { token } = request.query as { token?: string };
    if (token !== undefined) return signIn(reply, parts, token);
    const refused = refusalOf(() => parts.admit(request));
    if (refused)
      return page(
        reply,
        loginDocument(request.headers.cookie?.includes(`${cookieName}=`) ? refused.message : undefined),
        401,
      );
    return page(reply, statusDocument(await board.look()));
  });
  app.post('/login', async (request, reply) =>
    signIn(reply, parts, (request.body as { token?: string } | undefined)?.token ?? ''),
  );
  app.post('/logout', async (_, reply) => reply.header('set-cookie', cookie('', parts.secure, 0)).redirect('/', 303));
  app.get('/page/events', async (request, reply) => {
    parts.admit(request);
    await sendSwaps(request, reply, board);
  });
  return;

  function signIn(reply: FastifyReply, { secure }: PageParts, token: string): FastifyReply {
    const refused = refusalOf(() => callerOf(tokens, token));
    if (refused) return page(reply, loginDocument(refused.message), 401);
    return reply.header('set-cookie', cookie(token, secure)).header('cache-control', 'no-store').redirect('/', 303);
  }
}

const page = (reply: FastifyReply, text: string, status = 200): FastifyReply =>
  reply
    .code(status)
    .type('text/html; charset=utf-8')
    .headers({
      'content-security-policy': policy,
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
    .send(text);

const cookie = (token: string, secure: boolean, maxAgeS = 30 * 86_400): string =>
  [
    `${cookieName}=${encodeURIComponent(token)}`,
    'HttpOnly',
    'SameSite=Strict',
    'Path=/',
    `Max-Age=${maxAgeS}`,
    ...(secure ? ['Secure'] : []),
  ].join('; ');

function refusalOf(act: () => unknown): Refusal | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

async function sendSwaps(request: FastifyRequest, reply: FastifyReply, board: Board): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  raw.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
  const stop = new AbortController();
  request.raw.once('close', () => stop.abort());
  const shown = new Shown();
  for (let sentAt = 0; !stop.signal.aborted;) {
    const swaps = shown.changes(await board.look());
    for (const swap of swaps) raw.write(`event: swap\ndata: ${JSON.stringify(swap)}\n\n`);
    if (swaps.length > 0) sentAt = Date.now();
    else if (Date.now() - sentAt > keepOpenEvery) {
      raw.write(': still here\n\n');
      sentAt = Date.now();
    }
    await sleep(lookEvery, undefined, { signal: stop.signal }).catch(() => undefined);
  }
  raw.end();
}
