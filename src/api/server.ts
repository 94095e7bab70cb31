import { fastify, LogController, type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from 'pino';
import type { z } from 'zod';
import { demand, type Caller, type Tokens } from '../agent/authentication';
import { isLoopback } from '../contract/loopback';
import { Refusal } from '../contract/errors';
import { authenticator } from './access';
import { Board } from './board';
import { ApiMetrics } from './metrics';
import { openApi } from './openApi';
import { addPage } from './page/page';
import type { ApiParts, Route } from './route';
import { aboutRoutes } from './routes/about';
import { lookRoutes, startRoutes, wordRoutes } from './routes/runs';
import { statusOf } from './status';

export interface ApiOptions extends ApiParts {
  tokens: Tokens;
  log: Logger;
  tls?: { cert: string; key: string; ca?: string };
}

export const routes: readonly Route[] = [...startRoutes, ...lookRoutes, ...wordRoutes, ...aboutRoutes];

/** The API of the control plane: what the table of routes says, its description, its figures and the status page. */
export function createApi(options: ApiOptions): FastifyInstance {
  const { tokens, log } = options;
  const app = newServer(options);
  const board = new Board(options);
  const metrics = new ApiMetrics();
  const whoCalls = authenticator(tokens);
  const callers = new WeakMap<FastifyRequest, Caller>();
  const admit = (request: FastifyRequest, role: Route['role'], what: string): Caller => {
    if (role === 'anyone') return { name: 'anyone', role: 'viewer' };
    const caller = whoCalls(request.raw);
    callers.set(request, caller);
    demand(caller, role, what);
    return caller;
  };
  app.setErrorHandler((error, request, reply) => refuse(error, request, reply, log, callers.get(request)));
  app.setNotFoundHandler((request) => {
    throw new Refusal('BadInput', {
      what: `there is nothing at ${request.method} ${request.url.split('?')[0]}; see /openapi.json`,
    });
  });
  app.addHook('onResponse', async (request, reply) => {
    metrics.count(request.routeOptions.config.operationId ?? 'none', reply.statusCode);
  });
  for (const each of routes) addRoute(app, each, options, admit);
  app.get('/openapi.json', { config: { operationId: 'openApi' } }, async () => openApi(routes));
  app.get('/metrics', { config: { operationId: 'metrics' } }, async (request, reply) => {
    admit(request, 'viewer', 'reading the figures');
    return reply.type('text/plain; version=0.0.4').send(await metrics.text(board));
  });
  addPage(app, {
    board,
    tokens,
    secure: options.tls !== undefined,
    admit: (request) => admit(request, 'viewer', 'the status page'),
  });
  return app;
}

/** Starts to listen. A place that others can reach needs TLS: tokens would travel in the clear. */
export async function listen(app: FastifyInstance, host: string, port: number, tls: boolean): Promise<string> {
  if (!tls && !isLoopback(host)) throw new Refusal('InsecureBind', { address: host });
  return app.listen({ host, port });
}

function newServer({ log, tls }: ApiOptions): FastifyInstance {
  const common = {
    loggerInstance: log,
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    bodyLimit: 1024 * 1024,
    routerOptions: { maxParamLength: 1_000 },
  };
  if (!tls) return fastify(common) as unknown as FastifyInstance;
  const https = { ...tls, requestCert: tls.ca !== undefined, rejectUnauthorized: false };
  return fastify({ ...common, https }) as unknown as FastifyInstance;
}

function addRoute(
  app: FastifyInstance,
  each: Route,
  parts: ApiParts,
  admit: (request: FastifyRequest, role: Route['role'], what: string) => Caller,
): void {
  app.route({
    method: each.method,
    url: each.path,
    config: { operationId: each.operationId },
    async handler(request, reply) {
      const caller = admit(request, each.role, `"${each.summary}"`);
      const { id = '' } = request.params as { id?: string };
      const query = checked(each.query, request.query, 'query');
      const body = checked(each.body, request.body ?? {}, 'body');
      const { operator, fleet, objects, guarded } = parts;
      const asked = { operator, fleet, objects, guarded, caller, id, query, body, request, reply };
      const answer = await each.handle(asked);
      if (each.method === 'POST') request.log.info({ who: caller.name, did: each.operationId, id, body }, 'accepted');
      if (!reply.sent) void reply.code(each.status ?? 200).send(answer);
      return reply;
    },
  });
}

function checked(schema: z.ZodObject | undefined, given: unknown, where: string): Record<string, unknown> {
  if (!schema) return {};
  const { success, data, error } = schema.safeParse(given);
  if (success) return data;
  const wrong = error.issues.slice(0, 3).map(({ path, message }) => `${[where, ...path].join('.')}: ${message}`);
  throw new Refusal('BadInput', { what: wrong.join('; ') });
}

/** Every no is logged with who asked and why; what is ours is told whole, what is not is told by name only. */
function refuse(error: unknown, request: FastifyRequest, reply: FastifyReply, log: Logger, caller?: Caller): void {
  const what = request.routeOptions.config.operationId ?? `${request.method} ${request.url.split('?')[0]}`;
  const who = caller ? { who: caller.name, role: caller.role } : { who: 'unknown', from: request.ip };
  if (error instanceof Refusal) {
    log.warn({ ...who, what, code: error.code, why: error.message }, 'refused');
    void reply.code(statusOf(error.code)).send({ code: error.code, message: error.message, facts: error.facts });
    return;
  }
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  if (statusCode < 500) {
    log.warn({ ...who, what, why: message }, 'refused');
    void reply.code(statusCode).send({ code: 'BadInput', message, facts: {} });
    return;
  }
  log.error({ ...who, what, err: error }, 'failed');
  void reply.code(500).send({ code: 'Broken', message: 'something broke here; its log says what', facts: {} });
}

declare module 'fastify' {
  interface FastifyContextConfig {
    operationId?: string;
  }
}
