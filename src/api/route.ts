import type { FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import type { Caller } from '../agent/authentication';
import type { Role } from '../contract/roles';
import type { GuardedView } from './endpointView';
import type { ObjectView } from './objectView';
import type { Operator } from './operator';
import type { FleetView } from './views';

/** What the routes act with. */
export interface ApiParts {
  operator: Operator;
  /** The fleet and what its agents answer; kept for a second or two. */
  fleet: () => Promise<FleetView>;
  /** Its objects, with what was forecast of them; kept for half a minute. */
  objects: () => Promise<ObjectView[]>;
  /** Its endpoints and pairs of proxies; kept for a second or two. */
  guarded: () => Promise<GuardedView>;
}

export interface Asked<Q = Record<string, unknown>, B = unknown> extends ApiParts {
  caller: Caller;
  /** `:id` of the path, decoded. */
  id: string;
  query: Q;
  body: B;
  request: FastifyRequest;
  reply: FastifyReply;
}

/** One thing that can be asked of the API. Server and OpenAPI read the same table. */
export interface Route {
  method: 'GET' | 'POST';
  path: string;
  operationId: string;
  summary: string;
  description?: string;
  /** Least role of the caller; `anyone` needs no token. */
  role: Role | 'anyone';
  query?: z.ZodObject;
  body?: z.ZodObject;
  /** The answer's shape, or the media type of one that is not JSON. */
  answer: z.ZodType | string;
  status?: number;
  handle: (asked: Asked) => Promise<unknown>;
}

/** Lets a handler be written with the types of its own schemas. */
export function route<Q extends z.ZodObject = z.ZodObject<{}>, B extends z.ZodObject = z.ZodObject<{}>>(
  given: Omit<Route, 'query' | 'body' | 'handle'> & {
    query?: Q;
    body?: B;
    handle: (asked: Asked<z.output<Q>, z.output<B>>) => Promise<unknown>;
  },
): Route {
  // The server hands a handler what its own schemas have checked.
  return given as unknown as Route;
}
