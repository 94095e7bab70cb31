import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { z } from 'zod';
import { Refusal } from '../contract/errors';
import type { Role } from '../contract/roles';
import { demand, type Authenticate, type Caller } from './authentication';
import { findOperation, leaseOf, offered, title, type Offered } from './capabilityTable';
import type { Epochs } from './epochs';
import { incident, statusOf, tell } from './failure';
import type { Jobs } from './jobs';
import type { Log } from './log';
import { Metrics } from './metrics';
import { openApi } from './openApi';
import type { Perform } from './performing';
import { speaksWith, version, versionHeader } from './version';

declare module 'fastify' {
  interface FastifyRequest {
    caller: Caller | undefined;
  }
  interface FastifyContextConfig {
    /** Least role; without one nobody need say who they are. */
    needs?: Role;
    what?: string;
    /** Answers callers of other versions too, so that they can find out. */
    anyVersion?: boolean;
  }
}

export interface ServerParts {
  host: string;
  authenticate: Authenticate;
  perform: Perform;
  jobs: Jobs;
  epochs: Epochs;
  /** More figures for Prometheus, line by line. */
  gauges?: () => Promise<string[]>;
  log: Log;
  tls?: { ca: Buffer; cert: Buffer; key: Buffer };
}

/** How long a DELETE waits for a job to end, ms. Less than what clients allow. */
const cancelWaitMs = 20_000;
const bodyLimit = 16 * 1024 * 1024;

const JobParams = z.object({ id: z.string().min(1).max(500) });
const Following = z.object({
  after: z.coerce.number().int().default(-1),
  waitMs: z.coerce.number().int().min(0).max(30_000).default(0),
});

/** The agent's HTTP side: every operation of the contract's tables, jobs, health, metrics, OpenAPI. */
export function createServer(parts: ServerParts): FastifyInstance {
  const server = fastify({
    // The certificate is looked at in `authenticate`, so that a bad one is refused with a sentence and logged.
    https: parts.tls ? { ...parts.tls, requestCert: true, rejectUnauthorized: false, minVersion: 'TLSv1.3' } : null,
    bodyLimit,
    requestTimeout: 60_000, // for a request to arrive; answers may take longer
    routerOptions: { maxParamLength: 1_500 },
    forceCloseConnections: 'idle',
  }) as unknown as FastifyInstance;
  const metrics = new Metrics();
  guard(server, parts);
  server.addHook('onResponse', async (request, reply) =>
    metrics.count(request.routeOptions.config.what ?? 'none', reply.statusCode),
  );
  for (const row of offered) addOperation(server, parts, row);
  addJobs(server, parts);
  const document = openApi();
  server.get('/healthz', { config: { anyVersion: true, what: 'healthz' } }, async () => ({ ok: true }));
  server.get('/openapi.json', { config: { needs: 'viewer', what: 'openapi' } }, async () => document);
  server.get('/metrics', { config: { needs: 'viewer', what: 'metrics' } }, async (_, reply) =>
    reply.type('text/plain; version=0.0.4').send(metrics.text(parts.host, parts.jobs, await parts.gauges?.())),
  );
  return server;
}

/** Who is it, may they, do we speak the same version: before a body is read. And one form for every failure. */
function guard(server: FastifyInstance, { host, authenticate, log }: ServerParts): void {
  server.decorateRequest('caller', undefined);
  server.addHook('onRequest', async (request, reply) => {
    reply.header(versionHeader, version);
    const { needs, what, anyVersion } = request.routeOptions.config;
    if (needs) {
      request.caller = authenticate(request.raw);
      demand(request.caller, needs, what ?? request.url);
    }
    const theirs = request.headers[versionHeader];
    if (!anyVersion && typeof theirs === 'string' && !speaksWith(theirs)) {
      throw new Refusal('WrongVersion', { host, theirs: version, ours: theirs.slice(0, 40) }); // as the caller sees it
    }
  });
  const refuse = (error: unknown, request: FastifyRequest, reply: FastifyReply) => {
    const refusal = badRequest(error) ?? incident(error, host, log);
    const who = request.caller?.name ?? request.ip;
    log('refused', {
      who,
      what: request.routeOptions.config?.what ?? request.method,
      code: refusal.code,
      why: refusal.message,
    });
    return reply.status(statusOf(refusal.code)).send(tell(refusal));
  };
  server.setErrorHandler(refuse);
  server.setNotFoundHandler((request, reply) => {
    const capability = /^\/v1\/([\w-]+)\//.exec(request.url)?.[1];
    const known = offered.some((row) => row.capability === capability) || !capability || capability === 'jobs';
    const what = `${request.method} ${request.url.split('?', 1)[0]}`;
    return refuse(
      known ? new Refusal('NotFound', { what, host }) : new Refusal('NoSuchCapability', { host, capability }),
      request,
      reply,
    );
  });
}

function addOperation(server: FastifyInstance, { jobs, epochs, perform }: ServerParts, row: Offered): void {
  const { capability, name, operation } = row;
  const config = { needs: operation.role, what: title(row), anyVersion: capability === 'host' && name === 'describe' };
  if (operation.kind !== 'job') {
    server.post(`/v1/${capability}/${name}`, { config }, async (request) => perform(row, readInput(row, request.body)));
    return;
  }
  server.put(`/v1/${capability}/${name}/jobs/:id`, { config }, async (request) => {
    const { id } = parse(JobParams, request.params);
    const input = readInput(row, request.body);
    const lease = leaseOf(input);
    if (lease) epochs.check(lease);
    return jobs.put(row, id, input);
  });
}

function addJobs(server: FastifyInstance, { jobs }: ServerParts): void {
  server.get('/v1/jobs/:id', { config: { needs: 'viewer', what: 'follow a job' } }, async (request) => {
    const { after, waitMs } = parse(Following, request.query);
    return jobs.wait(parse(JobParams, request.params).id, after, waitMs);
  });
  server.delete('/v1/jobs/:id', { config: { needs: 'viewer', what: 'stop a job' } }, async (request) => {
    const { id } = parse(JobParams, request.params);
    const operation = findOperation(jobs.operationOf(id));
    if (request.caller) demand(request.caller, operation?.role ?? 'agent', `to stop job ${id}`);
    return jobs.cancel(id, cancelWaitMs);
  });
}

const readInput = ({ operation }: Offered, body: unknown): Record<string, unknown> =>
  parse(operation.input, body ?? {});

function parse<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const read = schema.safeParse(value);
  if (!read.success) throw new Refusal('BadInput', { what: z.prettifyError(read.error) }, { cause: read.error });
  return read.data;
}

/** A request that fastify itself turned away: no JSON, too long. */
function badRequest(error: unknown): Refusal | undefined {
  const { statusCode, message } = error as { statusCode?: number; message?: string };
  if (error instanceof Refusal || statusCode === undefined || statusCode >= 500) return undefined;
  return new Refusal('BadInput', { what: message ?? 'the request cannot be read' }, { cause: error });
}
