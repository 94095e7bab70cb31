import { z } from 'zod';
import { errors } from '../contract/errors';
import { JobView } from '../contract/operations';
import { offered, title, type Offered } from './capabilityTable';
import { version, versionHeader } from './version';

type Json = Record<string, unknown>;

/** What this agent can be asked, as OpenAPI 3.1: read off the contract's tables. */
export function openApi(): Json {
  const paths: Record<string, Json> = {
    '/v1/jobs/{id}': { parameters: [idParameter], get: followJob, delete: cancelJob },
    '/healthz': { get: plain('healthz', 'Is the agent there', 'application/json', []) },
    '/metrics': { get: plain('metrics', 'Figures for Prometheus', 'text/plain') },
    '/openapi.json': { get: plain('openApi', 'This description', 'application/json') },
  };
  for (const row of offered) {
    const path = `/v1/${row.capability}/${row.name}`;
    if (row.operation.kind === 'job') paths[`${path}/jobs/{id}`] = { parameters: [idParameter], put: startJob(row) };
    else paths[path] = { post: ask(row) };
  }
  return {
    openapi: '3.1.0',
    info: {
      title: 'Evenkeel agent',
      version,
      description: `Send ${versionHeader} with every request; another major or minor is refused.`,
    },
    security: [{ token: [] }, { certificate: [] }],
    paths,
    components: {
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: 'on loopback only' },
        certificate: { type: 'mutualTLS', description: 'made by `evenkeel certs`: CN is the name, OU the role' },
      },
      schemas: { JobView: schema(JobView, 'output'), Refusal: refusal },
    },
  };
}

const refusal = {
  type: 'object',
  required: ['code', 'message', 'facts'],
  properties: {
    code: { enum: Object.keys(errors) },
    message: { type: 'string' },
    facts: { type: 'object', additionalProperties: { type: ['string', 'number'] } },
  },
};

const idParameter = {
  name: 'id',
  in: 'path',
  required: true,
  schema: { type: 'string', minLength: 1, maxLength: 500 },
};
const refused = { description: 'Refused', content: json({ $ref: '#/components/schemas/Refusal' }) };
const jobAnswer = { description: 'The job', content: json({ $ref: '#/components/schemas/JobView' }) };

const followJob = {
  operationId: 'followJob',
  summary: 'The job, as soon as its revision is another than `after`, at the latest after `waitMs`',
  parameters: [
    { name: 'after', in: 'query', schema: { type: 'integer' } },
    { name: 'waitMs', in: 'query', schema: { type: 'integer', minimum: 0, maximum: 30_000 } },
  ],
  responses: { 200: jobAnswer, default: refused },
};

const cancelJob = {
  operationId: 'cancelJob',
  summary: 'Ask the job to end; answers when it has, or as it is after 20 s',
  responses: { 200: jobAnswer, default: refused },
};

const ask = (row: Offered): Json => ({
  ...described(row),
  responses: { 200: { description: 'Done', content: json(schema(row.operation.output, 'output')) }, default: refused },
});

const startJob = (row: Offered): Json => ({
  ...described(row),
  responses: {
    200: { ...jobAnswer, description: `The job; when it is done, \`output\` is as in x-output` },
    default: refused,
  },
  'x-output': schema(row.operation.output, 'output'),
  ...(row.operation.progress && { 'x-progress': schema(row.operation.progress, 'output') }),
});

const described = (row: Offered): Json => ({
  operationId: title(row),
  tags: [row.capability],
  summary: row.operation.summary,
  description: `Least role: ${row.operation.role}.`,
  requestBody: { required: true, content: json(schema(row.operation.input, 'input')) },
});

const plain = (operationId: string, summary: string, type: string, security?: []): Json => ({
  operationId,
  summary,
  ...(security && { security }),
  responses: { 200: { description: summary, content: { [type]: {} } } },
});

function json(body: Json): Json {
  return { 'application/json': { schema: body } };
}

function schema(of: z.ZodType, io: 'input' | 'output'): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(of, { io }) as Json;
  return rest;
}
