import { z } from 'zod';
import { version } from '../agent/version';
import { errors } from '../contract/errors';
import type { Route } from './route';
import { RunEvent } from './views';

type Json = Record<string, unknown>;

/** What the API can be asked, as OpenAPI 3.1: read off the table of routes and the contract. */
export function openApi(routes: readonly Route[]): Json {
  const paths: Record<string, Json> = {};
  for (const each of routes) {
    const path = each.path.replace(/:(\w+)/g, '{$1}');
    paths[path] = { ...paths[path], [each.method.toLowerCase()]: operationOf(each) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Evenkeel',
      version,
      summary: 'Durable runbooks for stateful infrastructure',
      description:
        'The id of a run holds a slash: encode it (`ingest-vfs%2Ffiles2`). A part of an id that means one run only will do.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    security: [{ token: [] }, { certificate: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'a token of the tokens file' },
        certificate: { type: 'mutualTLS', description: 'made by `evenkeel certs`: CN is the name, OU the role' },
      },
      schemas: { Refusal: refusal, RunEvent: schema(RunEvent, 'output') },
    },
  };
}

function operationOf({
  operationId,
  summary,
  description,
  role,
  path,
  query,
  body,
  answer,
  status = 200,
}: Route): Json {
  const least = role === 'anyone' ? 'Needs no token.' : `Least role: ${role}.`;
  const parameters = [...(path.includes(':id') ? [idParameter] : []), ...(query ? queryParameters(query) : [])];
  return {
    operationId,
    summary,
    description: [description, least].filter(Boolean).join(' '),
    tags: [tagOf(path)],
    ...(role === 'anyone' && { security: [] }),
    ...(parameters.length > 0 && { parameters }),
    ...(body && { requestBody: { required: requires(body), content: json(schema(body, 'input')) } }),
    responses: { [status]: { description: summary, content: contentOf(answer) }, default: refused },
  };
}

const contentOf = (answer: Route['answer']): Json =>
  typeof answer === 'string' ? { [answer]: { schema: { type: 'string' } } } : json(schema(answer, 'output'));

function queryParameters(query: z.ZodObject): Json[] {
  const { properties = {}, required = [] } = schema(query, 'input') as {
    properties?: Record<string, Json>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, { description, ...rest }]) => ({
    name,
    in: 'query',
    required: required.includes(name),
    ...(description !== undefined && { description }),
    schema: rest,
  }));
}

const idParameter = {
  name: 'id',
  in: 'path',
  required: true,
  description: 'the id of a run, or a part of it that means one run only',
  schema: { type: 'string', minLength: 1, maxLength: 500 },
  example: 'ingest-vfs/files2',
};

const refusal = {
  type: 'object',
  required: ['code', 'message', 'facts'],
  properties: {
    code: { type: 'string', enum: Object.keys(errors) },
    message: { type: 'string', description: 'what happened, and what to do next' },
    facts: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
  },
};
const refused = { description: 'Refused', content: json({ $ref: '#/components/schemas/Refusal' }) };

const tagOf = (path: string): string => /^\/v1\/(\w+)/.exec(path)?.[1] ?? 'about';

/** A body whose fields may all be left out may be left out itself. */
const requires = (body: z.ZodObject): boolean => !body.safeParse({}).success;

function json(body: Json): Json {
  return { 'application/json': { schema: body } };
}

function schema(of: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(of, { io, unrepresentable: 'any' }) as Json;
  return rest;
}
